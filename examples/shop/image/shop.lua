-- Answers of the shop; the number of visits lives in the store.
local redis = require("nginx.redis")

local KEY = "visits"
local POOL_SIZE = 16
local TIMEOUT_MS = 5000
local shop = {}

local function read_first(path, format)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read(format)
  file:close()
  return text
end

local function hex(bytes)
  return (bytes:gsub(".", function(char) return string.format("%02x", char:byte()) end))
end

-- Called once, when nginx starts: the token is in no file, a process that started anew would have another.
function shop.start()
  ngx.shared.shop:set("token", hex(read_first("/dev/urandom", 8)))
  ngx.shared.shop:set("started", ngx.now())
end

local function fail(message)
  ngx.status = ngx.HTTP_SERVICE_UNAVAILABLE
  ngx.say("the store does not answer: ", message)
  return ngx.exit(ngx.HTTP_OK)
end

-- Calls one command of the store; the connection goes back to the pool and outlives a fork.
local function ask(command, ...)
  local client = redis:new()
  client:set_timeout(TIMEOUT_MS)
  local connected, problem = client:connect("store", 6379)
  if not connected then return nil, problem end
  local answer, why = client[command](client, ...)
  if answer == nil then return nil, why end
  client:set_keepalive(0, POOL_SIZE)
  return answer
end

local function visits(command)
  local answer, problem = ask(command, KEY)
  if answer == nil or answer == false then return nil, problem or "no answer" end
  return answer == ngx.null and 0 or tonumber(answer)
end

local function hostname()
  return (read_first("/proc/sys/kernel/hostname", "*l")) or "unknown"
end

local function answer_number(command)
  local number, problem = visits(command)
  if not number then return fail(problem) end
  ngx.shared.shop:incr("served", 1, 0)
  ngx.header["Cache-Control"] = "no-store"
  ngx.say(number)
end

function shop.count() answer_number("incr") end

function shop.peek() answer_number("get") end

function shop.health()
  local answer, problem = ask("ping")
  if not answer then return fail(problem) end
  ngx.say("ok")
end

local PAGE = [[<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>shop</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;background:#f4f1ea;color:#22302b;display:grid;place-items:center;min-height:100vh;margin:0}
main{background:#fff;border-radius:18px;padding:48px 64px;text-align:center;box-shadow:0 12px 40px #22302b22}
b{display:block;font-size:112px;line-height:1.1;color:#0b6e4f}
code{background:#eef3ef;border-radius:6px;padding:2px 8px}
a{color:#0b6e4f}
</style>
<main>visit number<b>%d</b>on <code>%s</code><p><a href="/proof">proof</a></main></html>
]]

function shop.page()
  local number, problem = visits("incr")
  if not number then return fail(problem) end
  ngx.shared.shop:incr("served", 1, 0)
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.header["Cache-Control"] = "no-store"
  local name = hostname():gsub("[^%w.-]", "")
  ngx.print(string.format(PAGE, number, name))
end

function shop.proof()
  local number, problem = visits("get")
  local info = number and ask("info")
  if not info then return fail(problem or "no answer") end
  local function of(field) return info:match(field .. ":([^\r\n]*)") or "unknown" end
  local kept = ngx.shared.shop
  ngx.header["Cache-Control"] = "no-store"
  ngx.say("visits:                ", number)
  ngx.say("host name:             ", hostname())
  ngx.say("time:                  ", os.date("!%Y-%m-%dT%H:%M:%SZ"))
  ngx.say("web, memory token:     ", kept:get("token"))
  ngx.say("web, started:          ", os.date("!%Y-%m-%dT%H:%M:%SZ", kept:get("started")))
  ngx.say("web, visits served:    ", kept:get("served") or 0)
  ngx.say("store, run id:         ", of("run_id"))
  ngx.say("store, up seconds:     ", of("uptime_in_seconds"))
  ngx.say("store, commands:       ", of("total_commands_processed"))
  ngx.say("volume, born:          ", read_first("/data/born", "*l") or "unknown")
  ngx.say("volume, bytes written: ", of("aof_current_size"))
end

return shop

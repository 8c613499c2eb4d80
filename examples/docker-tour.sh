#!/bin/sh
# Drives the stock Docker command line through its commands against an environment, checks each step, and ends with 0 when all
# of them did what they do with Docker. Needs an environment that runs, docker, and busybox-static; no registry.
#
#   sudo examples/docker-tour.sh ENVIRONMENT
set -u

[ $# = 1 ] || { echo "usage: $0 ENVIRONMENT" >&2; exit 2; }
environment=$1
here=$(cd "$(dirname "$0")/.." && pwd)
image=localhost/berth/tour:1
work=$(mktemp -d)
steps=0
name=tour-$$
# Every container of the tour has it, so that all of them are found again.
label=--label=berth.tour=$name

settings=$("$here/berth" docker-env "$environment" --shell sh) || exit 1
eval "$settings"

cleanup() {
  docker ps -aq --filter "label=berth.tour=$name" 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1
  docker network rm "$name-net" >/dev/null 2>&1
  docker volume rm "$name-data" >/dev/null 2>&1
  docker rmi -f "$image" "$image-built" "$image-committed" "$image-imported" "$image-tag" >/dev/null 2>&1
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The end: what was said, and why it is not what should have been said.
fail() {
  echo "✗ step $((steps + 1)): $1" >&2
  sed 's/^/    /' "$work/out" >&2
  exit 1
}

# step TITLE PATTERN COMMAND…: the command ends with 0, and the extended regular expression is in its output (or there is none: -).
step() { expect 0 "$@"; }

# expect CODE TITLE PATTERN COMMAND…: the same with another exit code.
expect() {
  code=$1 title=$2 pattern=$3
  shift 3
  timeout 60 "$@" >"$work/out" 2>&1
  ended=$?
  [ "$ended" = "$code" ] || fail "$title: exit code $ended, expected $code"
  [ "$pattern" = - ] || grep -Eq -- "$pattern" "$work/out" || fail "$title: nothing in the output looks like $pattern"
  steps=$((steps + 1))
  echo "✔ $title"
}

# The image is one static program; its archive is made by hand, as `docker save` would write it.
make_image() {
  mkdir -p "$work/root/bin" "$work/root/tmp" "$work/root/www" "$work/root/etc"
  cp /bin/busybox "$work/root/bin/busybox"
  for applet in sh cat echo sleep tr httpd wget id ls true hostname env pwd touch grep tty kill nslookup mount; do
    ln -s busybox "$work/root/bin/$applet"
  done
  echo 'hello from the tour' >"$work/root/www/index.html"
  tar -C "$work/root" --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" .
  sum=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
  cat >"$work/config.json" <<EOF
{"architecture":"$architecture","os":"linux","created":"2026-01-01T00:00:00Z",
 "config":{"Env":["PATH=/bin"],"Cmd":["httpd","-f","-p","80","-h","/www"],"ExposedPorts":{"80/tcp":{}},"StopSignal":"SIGKILL"},
 "rootfs":{"type":"layers","diff_ids":["sha256:$sum"]},
 "history":[{"created":"2026-01-01T00:00:00Z","created_by":"docker-tour.sh"}]}
EOF
  echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$image\"],\"Layers\":[\"layer.tar\"]}]" >"$work/manifest.json"
  tar -C "$work" -cf "$work/image.tar" manifest.json config.json layer.tar
}
make_image

# The engine
step 'version' '^1\.[0-9]+$' docker version --format '{{.Server.APIVersion}}'
step 'info' "^$environment linux$" docker info --format '{{.Name}} {{.OSType}}'

# Images
step 'load -i' "Loaded image: $image" docker load -i "$work/image.tar"
step 'images with a filter' "^$image$" docker images --filter "reference=$image" --format '{{.Repository}}:{{.Tag}}'
step 'image inspect' '^linux 80/tcp$' docker image inspect -f '{{.Os}} {{range $port, $_ := .Config.ExposedPorts}}{{$port}}{{end}}' "$image"
step 'history' 'docker-tour.sh' docker history --no-trunc "$image"
step 'tag' - docker tag "$image" "$image-tag"
step 'rmi of one name' 'Untagged' docker rmi "$image-tag"
step 'save to standard output, load from standard input' "Loaded image: $image" \
  sh -c "docker save $image | docker load"

# Containers that end by themselves
step 'run --rm' '^hello$' docker run $label --rm "$image" echo hello
expect 7 'the exit code of run' - docker run $label --rm "$image" sh -c 'exit 7'
step 'run -e -w -u -h --read-only --cap-drop --ulimit' '^one /tmp 1000 tour 99$' \
  docker run $label --rm -e WORD=one -w /tmp -u 1000:1000 -h tour --read-only --cap-drop ALL --ulimit nofile=99:99 "$image" \
  sh -c 'echo $WORD $(pwd) $(id -u) $(hostname) $(ulimit -n)'
step 'run --tmpfs --network none --add-host' 'tour\.example' \
  docker run $label --rm --tmpfs /scratch --network none --add-host tour.example:192.0.2.1 "$image" sh -c 'touch /scratch/x && cat /etc/hosts'
step 'run -i, whose input ends first' '^HELLO$' sh -c "echo hello | docker run --rm -i $label $image tr a-z A-Z"
step 'run -t' '/dev/pts/0' script -qec "docker run --rm -it $label $image tty" /dev/null
step 'create' - docker create --name "$name-once" $label -i "$image" cat
step 'start -ai' '^typed$' sh -c "echo typed | docker start -ai $name-once"
step 'wait' '^0$' docker wait "$name-once"
step 'rm' - docker rm "$name-once"

# A container that stays
step 'run -d -p --memory --restart --health-cmd' - \
  docker run $label -d --name "$name-web" -p 18080:80 --memory 64m --restart on-failure:3 --health-cmd true --health-interval 60s -e KEPT=yes "$image"
step 'ps with filters shows the published port' '^0\.0\.0\.0:18080->80/tcp$' \
  docker ps --filter "name=$name-web" --filter status=running --format '{{.Ports}}'
step 'port' '^0\.0\.0\.0:18080$' docker port "$name-web" 80/tcp
step 'inspect' '^running 67108864 on-failure$' \
  docker inspect -f '{{.State.Status}} {{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}' "$name-web"
step 'exec' '^hello from the tour$' docker exec "$name-web" wget -qO- http://127.0.0.1/
step 'exec -i, whose input ends first' '^INPUT$' sh -c "echo input | docker exec -i $name-web tr a-z A-Z"
step 'exec -t' '/dev/pts/' script -qec "docker exec -it $name-web tty" /dev/null
step 'exec -e -w -u' '^two /www 1000$' docker exec -e WORD=two -w /www -u 1000 "$name-web" sh -c 'echo $WORD $(pwd) $(id -u)'
step 'exec -d' - docker exec -d "$name-web" touch /tmp/detached
expect 9 'the exit code of exec' - docker exec "$name-web" sh -c 'exit 9'
step 'top' 'httpd -f -p 80' docker top "$name-web"
step 'stats --no-stream' "^$name-web [0-9.]+%" docker stats --no-stream --format '{{.Name}} {{.CPUPerc}}' "$name-web"
echo 'from the host' >"$work/file"
step 'cp into a container' - docker cp "$work/file" "$name-web:/www/file"
step 'cp out of a container' - docker cp "$name-web:/www/file" "$work/back"
step 'what came back is the same' - cmp "$work/file" "$work/back"
step 'cp of a directory as an archive' '^www/file$' sh -c "docker cp $name-web:/www - | tar -t"
step 'diff' '^A /www/file$' docker diff "$name-web"
step 'rename' - docker rename "$name-web" "$name-web2"
step 'update' - docker update --memory 96m --memory-swap 96m "$name-web2"
step 'update took effect' '^100663296$' docker inspect -f '{{.HostConfig.Memory}}' "$name-web2"
step 'pause' - docker pause "$name-web2"
step 'ps of paused containers' "^$name-web2$" docker ps --filter status=paused --format '{{.Names}}'
step 'unpause' - docker unpause "$name-web2"
step 'commit' - docker commit -m 'a tour' "$name-web2" "$image-committed"
step 'run what was committed' '^from the host$' docker run $label --rm "$image-committed" cat /www/file
step 'export' - docker export -o "$work/export.tar" "$name-web2"
step 'what was exported has the file' '^www/file$' tar -tf "$work/export.tar"
step 'import' - docker import -c 'CMD ["/bin/cat","/www/file"]' "$work/export.tar" "$image-imported"
step 'run what was imported' '^from the host$' docker run $label --rm "$image-imported"
step 'restart' - docker restart -t 1 "$name-web2"
step 'stop' - docker stop -t 1 "$name-web2"
step 'start' - docker start "$name-web2"
step 'kill --signal' - docker kill --signal KILL "$name-web2"
step 'ps -a of what has ended' 'Exited \(137\)' docker ps -a --filter "name=$name-web2" --format '{{.Status}}'

# Output, attachment, events
docker events --filter "label=berth.tour=$name" --format '{{.Action}}' >"$work/events" 2>&1 &
events=$!
step 'run -d' - docker run $label -d --name "$name-talk" "$image" sh -c 'for i in 1 2 3 4 5 6; do echo "line $i"; sleep 0.5; done; echo end >&2'
step 'logs -f goes on to the end' '^end$' docker logs -f "$name-talk"
step 'logs --tail --timestamps' '^20[0-9-]+T.* line 6$' docker logs --tail 2 --timestamps "$name-talk"
step 'run -d of a program that reads' - docker run $label -d -i --name "$name-echo" "$image" sh -c 'read -r word; echo "said $word"; sleep 1'
step 'attach' '^said boo$' sh -c "echo boo | docker attach $name-echo"
step 'events were seen' '^die$' sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do grep -q '^die' $work/events && break; sleep 0.5; done; cat $work/events; kill $events"
step 'events of the past' '^start$' docker events --since 10m --until 1s --filter "container=$name-web2" --format '{{.Action}}'

# Builds
mkdir -p "$work/context/skipped"
printf 'FROM %s AS base\nARG WORD\nCOPY . /context\nRUN echo "built $WORD" > /www/index.html\nFROM base AS last\nLABEL tour=yes\n' "$image" >"$work/context/Dockerfile"
echo skipped >"$work/context/.dockerignore"
echo kept >"$work/context/kept"
step 'build --build-arg --target --label' "Successfully tagged $image-built" \
  docker build --build-arg WORD=well --target last $label -t "$image-built" "$work/context"
step 'run what was built; the ignore file was heeded' '^built well \.dockerignore Dockerfile kept$' \
  docker run $label --rm "$image-built" sh -c 'echo $(cat /www/index.html) $(ls -A /context)'
step 'build -q from standard input' '[0-9a-f]{12}' sh -c "printf 'FROM $image\nRUN true\n' | docker build -q -"

# Networks and volumes
step 'network create' - docker network create $label "$name-net"
step 'network ls' "^$name-net bridge$" docker network ls --filter "name=$name-net" --format '{{.Name}} {{.Driver}}'
step 'run --network with an alias' - docker run $label -d --name "$name-dns" --network "$name-net" --network-alias mirror "$image"
step 'names in a network' 'hello from the tour' docker run $label --rm --network "$name-net" "$image" wget -qO- http://mirror/
step 'network connect' - docker network connect "$name-net" "$name-web2"
step 'network inspect' "$name-dns" docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' "$name-net"
step 'network disconnect' - docker network disconnect "$name-net" "$name-web2"
step 'volume create' "^$name-data$" docker volume create $label "$name-data"
step 'run -v writes to a volume' - docker run $label --rm -v "$name-data:/data" "$image" sh -c 'echo kept >/data/file'
step 'run --mount reads from it' '^kept$' docker run $label --rm --mount "type=volume,src=$name-data,dst=/data,readonly" "$image" cat /data/file
step 'volume inspect' '^local$' docker volume inspect -f '{{.Driver}}' "$name-data"
step 'volume ls' "^$name-data$" docker volume ls --filter "label=berth.tour=$name" --format '{{.Name}}'
step "the engine's socket in a container" '^srw' docker run $label --rm -v /var/run/docker.sock:/var/run/docker.sock "$image" ls -l /var/run/docker.sock
expect 125 'a path of the host is refused, with what to do' 'keep such files elsewhere' docker run $label --rm -v /etc:/x "$image" true
expect 125 'so is one that would become an empty directory' 'not there in the machine' docker run $label --rm -v "/tmp/$name:/x" "$image" true
step 'system df' '^Images' docker system df
step 'container prune' - docker container prune -f --filter "label=berth.tour=$name"
step 'rm -f' - docker rm -f "$name-dns"
step 'network rm' - docker network rm "$name-net"
step 'volume rm' - docker volume rm "$name-data"
step 'image prune' - docker image prune -f

echo "$steps steps, all as with Docker, against $environment"

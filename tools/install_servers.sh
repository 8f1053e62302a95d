#!/bin/sh
# Installs the servers, the browser and groff that tests start. It installs programs only: no
# service is started, and PostgreSQL makes no cluster. It installs only missing packages, as root and
# with apt-get.
# Usage: sh tools/install_servers.sh [rabbitmq] [postgresql] [mariadb] [groff] [chromium]
set -eu
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf

missing=""
for server in "$@"; do
  case "$server" in
    rabbitmq) [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server openssl" ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql" ;;
    mariadb) [ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server" ;;
    groff) [ -x /usr/bin/groff ] || missing="$missing groff-base" ;;
    chromium) [ -x /usr/bin/chromium ] || missing="$missing chromium" ;;
    *) echo "no such server: $server" >&2; exit 2 ;;
  esac
done
[ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0

if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
case "$missing" in
  *postgresql*)
    if [ ! -e "$clusters" ]; then
      mkdir -p "$(dirname "$clusters")"
      echo 'create_main_cluster = false' >"$clusters"
    fi ;;
esac
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
apt-get update -qq
case "$missing" in
  *chromium*)  # not a package on every system; tests run without it
    apt-cache policy chromium | grep -q 'Candidate: [0-9]' || missing="${missing% chromium}" ;;
esac
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086 - several packages
apt-get install -qq -y --no-install-recommends $missing

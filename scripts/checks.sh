# The checks of ./test that are more than one command. Sourced by ./test.

# A warning is a mistake here too: nobody else looks at these builds.
check_features() {
    features -p symbolon --no-default-features --features sqlite &&
        features -p symbolon --no-default-features --features postgres &&
        features -p symbolon --no-default-features --features cli,sqlite &&
        features -p symbolon --no-default-features --features client,sqlite &&
        features -p symbolon --no-default-features --features client,postgres &&
        features -p symbolon-guard --no-default-features &&
        features -p symbolon-guard --no-default-features --features axum &&
        features -p symbolon-guard --no-default-features --features remote &&
        features -p symbolon-guard --no-default-features --features testing
}

features() { cargo clippy --locked "$@" -- -D warnings; }

# Programs that use Symbolon beside libraries which must not enter its own graph. They have a lock of
# their own; the folder for what is built is shared, since most of it is the same.
check_oracles() {
    cargo fmt --manifest-path oracles/Cargo.toml --all --check &&
        cargo test --manifest-path oracles/Cargo.toml --locked --target-dir "${CARGO_TARGET_DIR:-target}"
}

# Benchmarks are measured by hand; here they only have to be well-formed and in step with their locks.
check_benches() {
    local workspace
    for workspace in benches benches/token-peers benches/guard-peers; do
        cargo fmt --manifest-path "$workspace/Cargo.toml" --all --check &&
            cargo metadata --manifest-path "$workspace/Cargo.toml" --locked --format-version 1 >/dev/null ||
            return 1
    done
}

# The fuzz targets for cargo-fuzz, which `cargo test` runs for a while in another shape. They only have to
# compile, so libFuzzer itself, which nothing is linked with here, isn't built.
check_fuzz() {
    cargo fmt --manifest-path fuzz/Cargo.toml --check &&
        CUSTOM_LIBFUZZER_PATH="$PWD/fuzz/libfuzzer.a" cargo check --manifest-path fuzz/Cargo.toml --locked \
            --target-dir "${CARGO_TARGET_DIR:-target}"
}

check_dependency_rules() {
    .tools/bin/cargo-deny --locked --all-features check bans licenses sources
}

# The advisory database lies in the network, which not every machine has: it is read only where it can
# be fetched now, because an old copy would say "all well" about yesterday.
check_advisories() {
    if GIT_TERMINAL_PROMPT=0 timeout 120 .tools/bin/cargo-deny --locked fetch db >/dev/null 2>&1; then
        .tools/bin/cargo-deny --locked --all-features check --disable-fetch advisories
    else
        echo "SKIPPED: the advisory database can't be reached from here"
    fi
}

# Who takes only the token or guard crate takes their dependencies too: the trees have a ceiling.
check_dependency_counts() {
    local broken=0
    dependency_count 32 -p symbolon-token || broken=1
    dependency_count 60 -p symbolon-guard --no-default-features --features axum || broken=1
    dependency_count 95 -p symbolon-guard --no-default-features --features axum,remote || broken=1
    return "$broken"
}

# dependency_count CEILING CARGO_TREE_ARGUMENTS...: counts every crate that gets compiled, itself included.
dependency_count() {
    local ceiling=$1 count
    shift
    count=$(cargo tree --locked --edges normal,build --prefix none --format '{p}' "$@" | sed 's/ (\*)$//' | sort -u | wc -l)
    echo "${*#-p}: $count crates of at most $ceiling"
    ((count > 0 && count <= ceiling))
}

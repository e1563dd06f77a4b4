# The tasks of this repository. `just` lists them, `just RECIPE` runs one, and `.ci/run` runs those that must pass
# before a change lands. No just on your machine? `.ci/tools` installs it at .ci/site/bin/just.

export PATH := justfile_directory() / ".ci/site/bin:" + env("PATH")

[private]
default:
    @just --list --unsorted

# Serve a demo with sample data on http://127.0.0.1:8080
demo:
    cargo run -- demo

# Check the formatting; `cargo fmt --all` repairs it
fmt:
    cargo fmt --all --check

# Lint every target of every crate
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# Build the documentation of the code; broken links fail
doc:
    RUSTDOCFLAGS="-D rustdoc::broken_intra_doc_links" cargo doc --no-deps --workspace --document-private-items

# Check the licences and sources of all dependencies
deny: tools
    cargo deny check --hide-inclusion-graph licenses bans sources

# Build the fuzz target
fuzz:
    cargo build --locked --manifest-path fuzz/Cargo.toml

# Run every test, on SQLite and PostgreSQL
test:
    MUSUBI_REQUIRE_POSTGRES=1 cargo test

# Kill servers under load at random moments, a few times on each database; `cargo bench --bench crash` does it 100 times
crash:
    cargo test --bench crash -- 6

# Lint openapi/openapi.json
openapi: tools
    .ci/node_modules/.bin/redocly lint openapi/openapi.json --config redocly.yaml --format=stylish
    .ci/node_modules/.bin/spectral lint openapi/openapi.json --ruleset .spectral.yaml --fail-severity=error

# Generate openapi/openapi.json from the code
openapi-write:
    cargo run -q -- openapi > target/openapi.json
    mv target/openapi.json openapi/openapi.json

# Run the example clients against a demo
examples: tools
    .ci/with-demo just example-rust example-python example-typescript

# Run the Rust example against MUSUBI_URL with MUSUBI_TOKEN
example-rust:
    cargo run -q --example rust_client

# Run the Python examples against MUSUBI_URL with MUSUBI_TOKEN; one has a client that is generated first
example-python: tools
    python3 examples/python/client.py
    python3 examples/python/story.py
    python3 examples/python/recompute.py
    PYTHONPATH=.ci/site python3 examples/python/feeds.py
    PYTHONPATH=.ci/site python3 examples/python/listings.py
    PYTHONPATH=.ci/site python3 examples/python/hooks.py
    PYTHONPATH=.ci/site python3 examples/mail/trial.py
    PYTHONPATH=.ci/site python3 -m openapi_python_client generate --path openapi/openapi.json \
        --meta none --overwrite --output-path examples/python/generated/musubi_client
    PYTHONPATH=.ci/site:examples/python/generated python3 examples/python/roster.py

# Run the TypeScript example against MUSUBI_URL with MUSUBI_TOKEN
example-typescript:
    npm --prefix examples/typescript run --silent start
    npm --prefix examples/typescript run --silent contract
    npm --prefix examples/typescript run --silent follow
    npm --prefix examples/typescript run --silent hooks
    npm --prefix examples/typescript run --silent roster

# Try every operation of a demo with generated requests
schemathesis: tools
    .ci/with-demo .ci/schemathesis

# Check the types of the console, and try it in Chromium against a demo
console: tools
    .ci/console-types
    .ci/with-demo .ci/console

# Measure in Chromium how long the ranking takes to come to rest after a slider has moved
console-bench: tools
    .ci/with-demo node tests/console/bench.mjs

# Run what must pass before a change lands
ci:
    .ci/run

# Install the pinned tools that the other recipes need
[private]
tools:
    @.ci/tools

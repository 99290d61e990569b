#!/bin/sh
# Renews the lock files from pyproject.toml: `./run lock`, with --upgrade for newer versions. Needs uv.
# Each lock holds one group of requirements, at the versions of runtime.lock where they share something; hashes for
# every platform, and no word of where they were fetched.
set -eu
python=$1
shift
folder=deploy/requirements

extra() {
    "$python" -c 'import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(*project["optional-dependencies"][sys.argv[1]], sep="\n")' "$1"
}

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-header --no-emit-index-url --no-emit-find-links "$@"
}

compile "$@" pyproject.toml --output-file "$folder/runtime.lock"
for name in embedded sandbox test; do
    extra "$name" | compile "$@" - --constraint "$folder/runtime.lock" --output-file "$folder/$name.lock"
done
for name in runtime embedded sandbox test; do
    printf '%s\n' "# Made by \`./run lock\`; see renew.sh beside it." | cat - "$folder/$name.lock" >"$folder/$name.new"
    mv "$folder/$name.new" "$folder/$name.lock"
done

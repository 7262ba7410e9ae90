#!/bin/sh
# terraform fmt, over everything, and validate, over each submodule and example, and the acceptance test's root, that
# `terraform test` does not plan: a plan validates, too, and the module itself is planned there (`make terraform-test`).
set -eu
terraform=${TF:-terraform} # scripts/with_terraform.py sets it
"$terraform" fmt -check -diff -recursive
build="$PWD/build"
for folder in $(find examples modules tests/acceptance -name '*.tf' -exec dirname {} + 2>/dev/null | sort -u); do
  if grep -q "source *= *\"./$folder\"" tests/terraform/*.tftest.hcl; then continue; fi
  name=$(basename "$folder")
  export TF_DATA_DIR="$build/terraform-$name"
  log="$build/validate-$name.log"
  for command in "init -backend=false -input=false" "validate"; do
    # shellcheck disable=SC2086 # the words of a command
    "$terraform" -chdir="$folder" $command >"$log" 2>&1 || { cat "$log"; exit 1; }
  done
  echo "$terraform validate: $name is valid"
done

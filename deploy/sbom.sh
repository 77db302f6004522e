#!/bin/sh
# What an image consists of, as CycloneDX 1.5 (JSON) on the standard output: Debian's
# packages with their versions. Hermetic's own programs are linked with no library
# statically, so that list is whole.
#   sh sbom.sh NAME
set -eu

# A purl has the percent sign for what is neither a letter, a digit, nor one of .-_~
packages() {
	dpkg-query -W -f='${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package}\n' |
		while read -r status package version architecture source; do
			[ "$status" = installed ] || continue
			purl=$(printf 'pkg:deb/debian/%s@%s?arch=%s' "$package" "$version" "$architecture" |
				sed 's/+/%2B/g; s/@\([0-9]*\):/@\1%3A/')
			printf '%s    {"type": "library", "bom-ref": "%s", "name": "%s", "version": "%s",\n' \
				"$comma" "$purl" "$package" "$version"
			printf '     "purl": "%s",\n     "properties": [{"name": "debian:source", "value": "%s"}]}' \
				"$purl" "$source"
			comma=',
'
		done
}

comma=
printf '{\n  "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,\n'
printf '  "metadata": {"component": {"type": "container", "name": "%s"}},\n' "$1"
printf '  "components": [\n'
packages
printf '\n  ]\n}\n'

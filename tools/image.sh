#!/bin/sh
# How the programs of the images are compiled, where a builder makes images for another
# processor than its own:
#
#   sh tools/image.sh install     what they are compiled with, in a new Debian
#   sh tools/image.sh make        all of them, in build/release
#
# TARGETARCH is the processor that they are for, by Debian's name of it. A builder that says
# none makes images for itself.
set -eu

here=$(dpkg --print-architecture)
arch=${TARGETARCH:-$here}
gnu=$(awk -v arch="$arch" '$1 == arch { print $2 "-linux-gnu" }' /usr/share/dpkg/cputable)
[ -n "$gnu" ] || {
	echo "image.sh: Debian has no processor of the name $arch." >&2
	exit 1
}

# Of the other processor are the libraries, and pkg-config, which knows where they are.
packages() {
	awk '$1 == "build" { print $2 }' tools/packages.txt | while read -r name; do
		if [ "$arch" = "$here" ] || [ "$name" = make ]; then
			echo "$name"
		elif [ "$name" = gcc ]; then
			echo "gcc-$gnu" | tr _ -
		elif apt-cache show "$name:$arch" >/dev/null 2>&1; then
			echo "$name:$arch"
		else
			echo "$name" # of all of them
		fi
	done
}

case $1 in
install)
	[ "$arch" = "$here" ] || dpkg --add-architecture "$arch"
	apt-get update
	packages | xargs apt-get install -y --no-install-recommends
	rm -rf /var/lib/apt/lists/*
	;;
make)
	[ "$arch" = "$here" ] || set -- "$@" "CROSS_COMPILE=$gnu-" "PKG_CONFIG=$gnu-pkg-config"
	shift
	make -s -j"$(nproc)" VARIANT=release "$@" all
	;;
*)
	echo "image.sh: it knows install and make." >&2
	exit 2
	;;
esac

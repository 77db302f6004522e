# Debian as this machine's apt has it, for roots of another suite or processor. Sourced.

HOST_SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# The mirror, for another suite.
debian_sources() { # SUITE
  local file=/etc/apt/sources.list.d/debian.sources
  [ -f $file ] || file=/etc/apt/sources.list
  sed "s/$HOST_SUITE/$1/g" "$file"
}

# How apt gets there.
debian_settings() {
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)' || true
}

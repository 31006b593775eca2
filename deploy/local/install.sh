# shellcheck shell=bash
# install_packages LIST…: installs by apt what the lists name and the machine lacks. Touches nothing when all is there.
# Only root can install; anybody else is told what to ask for.
install_packages() {
  local wanted missing=()
  wanted=$(sed -e 's/#.*//' "$@")
  local package
  for package in $wanted; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    printf 'These packages are missing; as root: apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
    return 1
  fi
  printf 'Installing: %s\n' "${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! apt-get -o DPkg::Lock::Timeout=300 -qq update ||
    ! apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends "${missing[@]}" >/dev/null; then
    printf 'apt-get could not install: %s\n' "${missing[*]}" >&2
    return 1
  fi
}

#!/usr/bin/env bash
# Fetches a Keycloak server by Maven at the version below, unpacks it into the cache and prints its folder. It needs Java 17 or
# newer and Maven; as root on Debian they are installed where they are missing.
set -euo pipefail

version=26.4.0
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}
dir=$cache/keycloak-$version
if [[ -e $dir/complete ]]; then
	echo "$dir"
	exit 0
fi
if ! command -v mvn >/dev/null || ! command -v java >/dev/null; then
	apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq maven openjdk-17-jre-headless >&2
fi
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get -Dtransitive=false "-Dartifact=org.keycloak:keycloak-quarkus-dist:$version:zip" >&2
zip=${MAVEN_REPOSITORY:-$HOME/.m2/repository}/org/keycloak/keycloak-quarkus-dist/$version/keycloak-quarkus-dist-$version.zip
rm -rf "$dir"
mkdir -p "$dir"
python3 -m zipfile -e "$zip" "$dir" >&2
mv "$dir/keycloak-$version"/* "$dir"
chmod +x "$dir/bin/kc.sh"
touch "$dir/complete"
echo "$dir"

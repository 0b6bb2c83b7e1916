#!/bin/bash
# Builds Java chaincode with Maven: one jar with all that it needs, and the mark that it is one.
set -ex
for folder in /chaincode/input /chaincode/input/src; do
    if [ -f "$folder/pom.xml" ]; then
        work=$(mktemp -d)
        cp -R "$folder/." "$work"
        cd "$work"
        mvn compile package -DskipTests -Dmaven.test.skip=true
        cp target/chaincode.jar /chaincode/output
        touch /chaincode/output/.uberjar
        exit 0
    fi
done
echo "there is no pom.xml in the chaincode's source" >&2
find /chaincode/input -ls >&2
exit 255

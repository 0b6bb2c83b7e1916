#!/bin/sh
# Builds Node.js chaincode: what it depends on comes from the registry, by its lock file where it has one.
set -ex
cp -R /chaincode/input/src/. /chaincode/output
cd /chaincode/output
if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
    npm ci --omit=dev
else
    npm install --omit=dev
fi

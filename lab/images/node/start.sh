#!/bin/sh
# Starts Node.js chaincode with the arguments that the peer gives.
set -e
cd /usr/local/src
npm start -- "$@"

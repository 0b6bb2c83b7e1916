// The lab's chaincode for Node.js: the functions of its Go chaincode.
'use strict';

const dns = require('node:dns/promises');
const os = require('node:os');
const { setTimeout } = require('node:timers/promises');
const { Contract } = require('fabric-contract-api');

// Memory that alloc has taken: kept, so that it is not given back.
const allocated = [];

class Kv extends Contract {
    // What 1.4 initialises it with.
    async init() {}

    async put(context, key, value) {
        await context.stub.putState(key, Buffer.from(value));
    }

    async get(context, key) {
        const value = await context.stub.getState(key);
        if (value.length === 0) {
            throw new Error(`there is no ${key}`);
        }
        return Buffer.from(value).toString();
    }

    // The keys from one up to, not with, another, as a JSON object.
    async range(context, from, to) {
        const values = {};
        for await (const pair of context.stub.getStateByRange(from, to)) {
            values[pair.key] = Buffer.from(pair.value).toString();
        }
        return JSON.stringify(values);
    }

    async host() {
        return os.hostname();
    }

    async env(context, name) {
        return process.env[name] ?? '';
    }

    async resolve(context, name) {
        const found = await dns.lookup(name, { all: true });
        return found.map(({ address }) => address).join(' ');
    }

    async sleep(context, seconds) {
        await setTimeout(1000 * Number(seconds));
    }

    // Takes memory and touches each page of it.
    async alloc(context, mib) {
        allocated.push(Buffer.alloc(Number(mib) << 20, 1));
    }

    async crash(context, code) {
        process.exit(Number(code));
    }

    async log(context, text) {
        console.log(text);
        return text;
    }
}

exports.contracts = [Kv];

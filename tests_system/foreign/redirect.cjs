// Loaded before a client: the service's names lead to the sandbox on this machine.
'use strict'
const net = require('node:net')

const hosts = ['api.unisender.com', 'www.unisender.com', 'one.unisender.com']
const ports = { 80: process.env.SANDBOX_HTTP, 443: process.env.SANDBOX_TLS }
const connect = net.Socket.prototype.connect

net.Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0]
  if (first && typeof first === 'object') {
    if (!hosts.includes(first.host)) throw new Error('nobody but the service is called: ' + first.host)
    first.port = Number(ports[first.port])
    first.host = '127.0.0.1'
  }
  return connect.apply(this, args)
}

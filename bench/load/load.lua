-- wrk: asks for the hosts host-0.bench … host-<N-1>.bench in turn, and prints one line of JSON at the end.
-- Arguments after `--`: name (or `host-%d.bench`), number of hosts, path, pause in ms, bytes of the body, then headers `name: value`.
local requests, at, pause = {}, 0, 0

-- The URL's host is what TLS is told (SNI); all of them are on this machine.
function wrk.resolve(_, service)
  wrk.addrs = wrk.lookup("127.0.0.1", service)
end

function init(arguments)
  local name, count = arguments[1], tonumber(arguments[2])
  pause = tonumber(arguments[4])
  local bytes = tonumber(arguments[5])
  for i = 6, #arguments do
    local header, value = arguments[i]:match("^(.-): (.*)$")
    wrk.headers[header] = value
  end
  local body = bytes > 0 and string.rep("x", bytes) or nil
  for i = 1, count do
    wrk.headers["Host"] = name:format((i * 7919) % count)
    requests[i] = wrk.format(body and "POST" or "GET", arguments[3], nil, body)
  end
end

function request()
  at = at < #requests and at + 1 or 1
  return requests[at]
end

function delay()
  return pause
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"p999":%d,"failed":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

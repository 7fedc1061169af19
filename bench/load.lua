-- wrk: asks for the hosts host-0.bench … host-<N-1>.bench in turn, and prints one line of JSON at the end.
-- Arguments after `--`: name (or `host-%d.bench`), number of hosts, path, pause in ms, then headers `name: value`.
local requests, at, pause = {}, 0, 0

function init(arguments)
  local name, count = arguments[1], tonumber(arguments[2])
  pause = tonumber(arguments[4])
  for i = 5, #arguments do
    local header, value = arguments[i]:match("^(.-): (.*)$")
    wrk.headers[header] = value
  end
  for i = 1, count do
    wrk.headers["Host"] = name:format((i * 7919) % count)
    requests[i] = wrk.format("GET", arguments[3])
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
  io.write(string.format('\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failed":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

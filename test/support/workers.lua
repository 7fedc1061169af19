-- Several workers in one process: each is the edge loaded anew, over nginx's own shared memory. Prints what was found, as JSON.
-- Runs in init_by_lua of an nginx that ends there. The global `measured` holds the folder of sluice.lua (edge), the snapshot file
-- (program) and three numbers: workers in each of two generations (workers), addresses in memory with a request each (addresses),
-- and clients that send a wrong password each (guesses).
package.path = measured.edge .. "/?.lua;" .. package.path

local ffi, cjson, real = require("ffi"), require("cjson.safe"), ngx
local declare = ffi.cdef
ffi.cdef = function(...) pcall(declare, ...) end
local nothing = function() return true end
local function anything()
  return setmetatable({}, { __index = function() return nothing end })
end
local address = 4096
package.loaded["resty.core.base"] = setmetatable({ get_request = function() return ffi.cast("void *", address) end }, { __index = require("resty.core.base") })
package.loaded["ngx.balancer"] = { set_current_peer = nothing, set_more_tries = nothing, set_timeouts = nothing }
for _, name in ipairs({ "ngx.ssl", "ngx.ssl.clienthello" }) do package.loaded[name] = anything() end

local status, sealed, channel, clock = nil, nil, nil, real.now()
ngx = setmetatable({
  var = { binary_remote_addr = "\127\0\0\1", remote_addr = "127.0.0.1", uri = "/", request_uri = "/", scheme = "http", server_protocol = "HTTP/1.1", args = "" },
  header = {}, status = 200, now = function() return clock end,
  worker = { id = function() return 0 end, pid = real.worker.pid, exiting = function() return false end },
  timer = { at = function(_, start) channel = start return true end, every = nothing },
  socket = { tcp = function() return setmetatable({ connect = function() end }, { __index = function() return nothing end }) end },
  -- The edge keeps house before each pause: this ends its loop at the first one.
  sleep = function() clock = clock + 2 error("enough") end,
  req = setmetatable({ get_method = function() return "GET" end, start_time = function() return clock end }, { __index = function() return nothing end }),
  log = nothing, get_phase = function() return "init_worker" end, exit = function(code) status = code end,
  hmac_sha1 = function(key, text) sealed = real.encode_base64(key) return real.hmac_sha1(key, text) end,
}, { __index = real })

local function start()
  package.loaded.sluice = nil
  sluice = require("sluice")
  sluice.init({
    config = "", socket = "", program = measured.program, keys = "", hideServer = true, tries = 3, bodySize = 1048576, requestIds = false, accessLog = true,
    logLabels = false, logScores = false, rejectHandshake = false, sent = {},
  })
  sluice.initWorker()
  local follow = channel
  return { sluice = sluice, keepHouse = function() follow(false) end }
end

-- Begins a request at the present `address`, and gives its status; the request goes on until `finish`.
local function begin(worker, host, uri)
  ngx.var.host, ngx.var.uri, ngx.var.request_uri, status = host, uri or "/", uri or "/", 200
  worker.sluice.rewrite()
  if ngx.var.uri then worker.sluice.access() end
  return status
end
local function finish(worker) worker.sluice.log() end

-- The table of a worker's request states: the only one whose values have tries.
local function statesOf(worker)
  local seen, found = {}, nil
  local function visit(value)
    if seen[value] or found then return end
    seen[value] = true
    if type(value) == "table" then
      for key, one in pairs(value) do
        if type(key) == "number" and type(one) == "table" and rawget(one, "tries") then found = value return end
      end
    elseif type(value) == "function" then
      for i = 1, 100 do
        local name, one = debug.getupvalue(value, i)
        if not name then break end
        if type(one) == "table" or type(one) == "function" then visit(one) end
      end
    end
  end
  visit(worker.sluice.log)
  return found
end
local function size(list)
  local count = 0
  for _ in pairs(list) do count = count + 1 end
  return count
end

local said = {}

-- The old generation of workers ends when the new one is there: its seats, which have the lower numbers, are free then.
local old, new = {}, {}
for i = 1, measured.workers do old[i] = start() end
for i = 1, measured.workers do new[i] = start() end
for seat = 0, measured.workers - 1 do
  local key = "seat " .. seat
  for _, dict in pairs({ real.shared.sluice_workers, real.shared.sluice_connections }) do
    local held = dict:get(key)
    if held then dict:set(key, "999999999" .. held:sub(held:find(" "), -1)) end
  end
end
new[1].keepHouse()
said.connections = {}
for i = 1, 3 do
  address = 4096 * i
  said.connections[i] = begin(new[measured.workers - i], "held.example")
end
for i = 1, 3 do address = 4096 * i finish(new[measured.workers - i]) end

-- The dictionaries that clients can fill are filled, and then one more worker starts.
local first = start()
begin(first, "digest.example")
local before = sealed
finish(first)
for _, name in ipairs({ "sluice_digest", "sluice_limits", "sluice_auth" }) do
  local dict, i, full = real.shared[name], 0, nil
  repeat
    i = i + 1
    _, _, full = dict:set("guess " .. i, ("x"):rep(200))
  until full
  for k = 1, 1000 do dict:set("more " .. k, ("x"):rep(200)) end
end
local second = start()
begin(second, "digest.example")
said.sameSeal = before ~= nil and before == sealed
finish(second)

-- A client with the right password, others that guess from thousands of addresses, and the first one's answer once more.
local ha1, guesser = "0123456789abcdef0123456789abcdef", 0
local function answer(nonce, hash)
  local response = real.md5(hash .. ":" .. nonce .. ":00000001:c0ffee:auth:" .. real.md5("GET:/"))
  ngx.var.http_authorization = 'Digest username="ann", realm="r", nonce="' .. nonce .. '", uri="/", algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee", response="' .. response .. '"'
  local code = begin(second, "digest.example")
  finish(second)
  return code
end
local function challenged()
  ngx.var.http_authorization = nil
  begin(second, "digest.example")
  local nonce = statesOf(second)[address].challenge:match('nonce="([0-9a-f]+)"')
  finish(second)
  return nonce
end
real.shared.sluice_digest:flush_all()
real.shared.sluice_digest:flush_expired()
local nonce = challenged()
said.replay = { answer(nonce, ha1) }
for i = 1, measured.guesses do
  ngx.var.remote_addr = "10." .. math.floor(i / 65536) .. "." .. math.floor(i / 256) % 256 .. "." .. i % 256
  answer(nonce, "wrong")
end
ngx.var.remote_addr = "127.0.0.1"
said.replay[2] = answer(challenged(), ha1)
said.replay[3] = answer(nonce, ha1)
ngx.var.http_authorization = nil

-- Requests of clients from thousands of addresses to an Ingress with a limit, then of one client to another Ingress, whose name is long.
said.rates = {}
for i = 1, measured.guesses do
  ngx.var.binary_remote_addr = "\10" .. string.char(math.floor(i / 65536) % 256, math.floor(i / 256) % 256, i % 256)
  said.rates[1] = begin(second, "rate.example")
  finish(second)
end
for i = 2, 5 do
  said.rates[i] = begin(second, "long.example")
  finish(second)
end
ngx.var.binary_remote_addr = "\127\0\0\1"

-- Requests at ever new addresses in memory, of which one in a hundred never ends.
for i = 1, measured.addresses do
  address = 4096 + 64 * i
  begin(first, "digest.example", "/" .. i)
  if i % 100 ~= 0 then finish(first) end
end
local states = statesOf(first)
said.states = size(states)
first.keepHouse()
said.left, said.pinned = size(states), 0
for _, state in pairs(states) do
  if state.route == nil and (state.challenge or state.user or state.auth or state.path ~= "" or state.why or state.pool) then said.pinned = said.pinned + 1 end
end

io.stdout:write(cjson.encode(said))
io.stdout:flush()
os.exit(0)

-- Prints in how many functions LuaJIT's compiled code and its interpreter disagree on which of two numbers is greater, once with
-- the compiler as it comes ("before") and once as the edge sets it ("after"). See compiler.test.ts.
-- Runs in init_by_lua of an nginx that ends there. The global `measured` holds the folder of sluice.lua (edge) and how many functions
-- are tried (functions).
package.path = measured.edge .. "/?.lua;" .. package.path

local ffi = require("ffi")
-- Declared with more arguments than there are registers for; the function itself takes none.
ffi.cdef("int getppid(int a, int b, int c, int d, int e, int f, void *g, int h);")

-- The source of a function that compares a number with elements of a list, while it uses as many values as processors have
-- registers, and passes zeros to a call.
local function source(seed)
  math.randomseed(seed)
  local objects, values = math.random(0, 8), math.random(4, 14)
  local lines = {}
  local function add(text, ...) lines[#lines + 1] = text:format(...) end
  add("local C, rshift = ...")
  for i = 1, objects do add("local u%d = { v = %d }", i, i) end
  add("return function(t, q, i, x, o) local r = 0")
  for i = 1, values do add("local a%d = rshift(i, %d)", i, i % 4) end
  for j = 1, math.random(1, 5) do
    add("if t[rshift(i, %d) + %d] <= x then r = r + %d else r = r + %d end", math.random(0, 2), math.random(0, 3), 2 ^ (2 * j), 2 ^ (2 * j + 1))
  end
  for i = 1, values do add("q[a%d + %d] = %d", i, i, i) end
  if math.random(2) == 1 then for i = 1, objects do add("o.d%d = u%d", i, i) end end
  add("C.getppid(0, 0, 0, 0, 0, 0, nil, 0)")
  if math.random(2) == 1 then add("C.getppid(0, 0, 0, 0, 0, 0, nil, 0)") end
  for i = 1, objects do add("o.c%d = u%d.v + i", i, i) end
  for i = 1, values do if math.random(2) == 1 then add("q[a%d + %d] = t[a%d + 1]", i, i, i) end end
  add("o.z = 0 return r end")
  return table.concat(lines, "\n")
end

local t, q, o = {}, {}, {}
for i = 1, 200 do t[i], q[i] = i * 10, 0 end

local function disagrees(seed)
  jit.flush()
  local text = source(seed)
  local compiled, interpreted = loadstring(text)(ffi.C, bit.rshift), loadstring(text)(ffi.C, bit.rshift)
  jit.off(interpreted)
  for _ = 1, 200 do compiled(t, q, 100, 505, o) end
  for i = 0, 120 do
    local x = i * 10 + 5
    if compiled(t, q, 100, x, o) ~= interpreted(t, q, 100, x, o) then return true end
  end
  return false
end

local function count()
  local wrong = 0
  for seed = 1, measured.functions do if disagrees(seed) then wrong = wrong + 1 end end
  return wrong
end

jit.off(source)
jit.off(disagrees)
jit.off(count)
local before = count()
require("sluice").init({ tries = 3, bodySize = 1048576 })
io.write(('{"version":"%s","arch":"%s","before":%d,"after":%d}'):format(jit.version, jit.arch, before, count()))
io.flush()
os.exit(0)

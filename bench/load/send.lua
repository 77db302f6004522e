-- wrk: POST /session/{id}/send with an envelope of its own each time.
local world, thread, count = nil, 0, 0
local threads = 0

function setup(t)
  threads = threads + 1
  t:set("thread", threads)
end

local function bytes_of(hex)
  return (hex:gsub("..", function(h) return string.char(tonumber(h, 16)) end))
end

-- big-endian
local function number(v, size)
  local out = {}
  for i = size, 1, -1 do
    out[i] = string.char(v % 256)
    v = math.floor(v / 256)
  end
  return table.concat(out)
end

function init(args)
  world = dofile(args[1])
  local random = io.open("/dev/urandom", "rb")
  world.run = random:read(3)
  random:close()
  for _, s in ipairs(world.sessions) do
    local bytes = bytes_of(s.envelope)
    s.head = bytes:sub(1, 25)
    s.rest = bytes:sub(42)
    s.path = "/session/" .. s.id .. "/send"
  end
  wrk.headers["Authorization"] = "Bearer " .. world.token
  wrk.headers["Content-Type"] = "application/octet-stream"
end

function request()
  count = count + 1
  local s = world.sessions[count % #world.sessions + 1]
  local nonce = number(os.time() * 1000, 6) .. world.run ..
    number(thread, 1) .. number(count, 6)
  return wrk.format("POST", s.path, nil, s.head .. nonce .. s.rest)
end

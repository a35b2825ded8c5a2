#include "tests/fuzz/head_invariants.hpp"

namespace synapse::fuzz {

using namespace synapse::http;

int try_response_head(const std::uint8_t* data, std::size_t size) {
  const head_limits limits{.max_bytes = 2048, .max_uri = 512, .max_fields = 20};
  const test::exact_copy bytes({reinterpret_cast<const char*>(data), size});
  http::response_head whole, pieces;
  std::size_t scanned = 0;
  const parse_result at_once = parse_response(bytes.begin(), size, scanned, limits, whole);
  parse_result r;
  scanned = 0;
  const std::size_t step = size == 0 ? 1 : 1 + data[size - 1] % 7;
  for (std::size_t n = 0; n < size && r.need_more();) {
    n = std::min(size, n + step);
    r = parse_response(bytes.begin(), n, scanned, limits, pieces);
  }
  SYNAPSE_FUZZ_CHECK(r.status == at_once.status);
  if (!at_once.ok())
    return 0;
  SYNAPSE_FUZZ_CHECK(same_fields(whole, pieces));
  SYNAPSE_FUZZ_CHECK(whole.status >= 100 && whole.status <= 599);
  check_fields(whole, bytes.begin());
  std::string out;
  write_downstream_response_head(out, whole,
                                 {.framing = body_framing::chunked,
                                  .request_id = "id",
                                  .connection = connection_directive::close,
                                  .event_stream = true});
  http::response_head again;
  scanned = 0;
  SYNAPSE_FUZZ_CHECK(parse_response(out.data(), out.size(), scanned, {}, again).ok());
  SYNAPSE_FUZZ_CHECK(again.size == out.size() && again.status == whole.status);
  SYNAPSE_FUZZ_CHECK(again.chunked && again.content_length == -1 && !again.keep_alive);
  SYNAPSE_FUZZ_CHECK(again.fields.value_of(known_field::x_request_id) == "id");
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_response_head)

#include "http/core/head/head_parts.hpp"
#include "tests/fuzz/head_invariants.hpp"

namespace synapse::fuzz {
namespace {

using namespace synapse::http;

const head_limits limits{.max_bytes = 2048, .max_uri = 512, .max_fields = 20};

/// With whatever else they come: what is the gateway's own stays here.
void check_own_credentials(const request_head& head) {
  upstream_head_options options{.authority = "backend:1"};
  options.own = {.cookie = "own", .token = "y", .accepted = "z"};
  std::string out;
  write_upstream_request_head(out, head, options);
  const test::exact_copy bytes(out);
  request_head again;
  std::size_t scanned = 0;
  SYNAPSE_FUZZ_CHECK(parse_request(bytes.begin(), bytes.size(), scanned, {}, again).ok());
  for (const field& f : again.fields)
    SYNAPSE_FUZZ_CHECK((credential_fields & detail::bit(f.id)) == 0 || !holds_own(options.own, f));
  SYNAPSE_FUZZ_CHECK(!query_holds_own(options.own, again.query));
}

/// What is forwarded must be a request we would accept ourselves, with our framing and nothing that
/// belongs to the client's connection.
void check_forwarding(const request_head& head) {
  if (head.form == target_form::authority)
    return; // never forwarded
  upstream_head_options options{.authority = "backend:1", .base_path = "/base", .request_id = "id"};
  options.client_ip = "192.0.2.1";
  options.bearer = "key";
  options.framing = body_framing::content_length;
  options.content_length = 3;
  std::string out;
  write_upstream_request_head(out, head, options);
  const test::exact_copy bytes(out);
  request_head again;
  std::size_t scanned = 0;
  SYNAPSE_FUZZ_CHECK(parse_request(bytes.begin(), bytes.size(), scanned, {}, again).ok());
  SYNAPSE_FUZZ_CHECK(again.size == out.size());
  SYNAPSE_FUZZ_CHECK(again.method == head.method && again.host == "backend:1");
  SYNAPSE_FUZZ_CHECK(again.content_length == 3 && !again.chunked && again.keep_alive);
  SYNAPSE_FUZZ_CHECK(again.fields.value_of(known_field::x_request_id) == "id");
  SYNAPSE_FUZZ_CHECK(again.fields.value_of(known_field::authorization) == "Bearer key");
  for (const field& f : again.fields)
    SYNAPSE_FUZZ_CHECK(!f.hop_by_hop && f.id != known_field::expect);
  check_own_credentials(head);
}

} // namespace

int try_request_head(const std::uint8_t* data, std::size_t size) {
  const test::exact_copy bytes({reinterpret_cast<const char*>(data), size});
  http::request_head whole, pieces;
  std::size_t scanned = 0;
  const parse_result at_once = parse_request(bytes.begin(), size, scanned, limits, whole);
  // However the bytes arrive, the outcome is the same; it may only come earlier.
  parse_result r;
  scanned = 0;
  const std::size_t step = size == 0 ? 1 : 1 + data[0] % 7;
  for (std::size_t n = 0; n < size && r.need_more();) {
    n = std::min(size, n + step);
    const test::exact_copy now({bytes.begin(), n});
    r = parse_request(now.begin(), n, scanned, limits, pieces);
    if (r.ok()) { // take it where the bytes stay
      scanned = 0;
      r = parse_request(bytes.begin(), n, scanned, limits, pieces);
      SYNAPSE_FUZZ_CHECK(r.ok());
    }
  }
  SYNAPSE_FUZZ_CHECK(r.status == at_once.status);
  if (!at_once.ok()) {
    SYNAPSE_FUZZ_CHECK(at_once.failed() == (at_once.error != head_error::none));
    return 0;
  }
  SYNAPSE_FUZZ_CHECK(same_fields(whole, pieces));
  SYNAPSE_FUZZ_CHECK(whole.size <= size && whole.size <= limits.max_bytes);
  SYNAPSE_FUZZ_CHECK(inside(whole.method, bytes.begin(), whole.size) && !whole.method.empty());
  SYNAPSE_FUZZ_CHECK(whole.target.size() <= limits.max_uri);
  check_fields(whole, bytes.begin());
  check_forwarding(whole);
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_request_head)

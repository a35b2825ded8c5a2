#include "http/core/request/path_form.hpp"
#include "tests/fuzz/head_invariants.hpp"

#include <cctype>
#include <string>

namespace synapse::fuzz {
namespace {

using namespace synapse::http;

/// Nothing is left that another server could read as a way to another place.
void check_normal(std::string_view path) {
  SYNAPSE_FUZZ_CHECK(path.starts_with('/'));
  SYNAPSE_FUZZ_CHECK(path.find('\\') == std::string_view::npos);
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const auto segment = path.substr(begin, end - begin);
    const auto name = segment.substr(0, segment.find(';'));
    SYNAPSE_FUZZ_CHECK(name != "." && name != "..");
    SYNAPSE_FUZZ_CHECK(!name.empty() || (segment.empty() && end == path.size()));
    begin = end + 1;
  }
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    SYNAPSE_FUZZ_CHECK(at + 2 < path.size());
    const auto high = path[at + 1];
    const auto low = path[at + 2];
    SYNAPSE_FUZZ_CHECK(std::isxdigit(static_cast<unsigned char>(high)) && !std::islower(high));
    SYNAPSE_FUZZ_CHECK(std::isxdigit(static_cast<unsigned char>(low)) && !std::islower(low));
    const int byte = std::stoi(std::string{high, low}, nullptr, 16);
    SYNAPSE_FUZZ_CHECK(byte >= 0x20 && byte != 0x7f && byte != '\\' && !std::isalnum(byte));
    SYNAPSE_FUZZ_CHECK(byte != '.' && byte != '-' && byte != '_' && byte != '~');
    SYNAPSE_FUZZ_CHECK(byte != 0xc0 && byte != 0xc1);
  }
}

} // namespace

int try_path_form(const std::uint8_t* data, std::size_t size) {
  const auto request = "GET " + std::string(reinterpret_cast<const char*>(data), size) +
                       " HTTP/1.1\r\nHost: a\r\n\r\n";
  test::exact_copy bytes(request);
  request_head head;
  std::size_t scanned = 0;
  if (!parse_request(bytes.begin(), bytes.size(), scanned, {}, head).ok() ||
      head.form != target_form::origin)
    return 0;
  const std::string query{head.query};
  const std::string path{head.path};
  if (make_path_normal(head, bytes.begin()) != path_fault::none) {
    SYNAPSE_FUZZ_CHECK(head.path == path && head.query == query);
    return 0;
  }
  check_normal(head.path);
  SYNAPSE_FUZZ_CHECK(head.path.size() <= path.size() && head.query == query);
  const auto whole = std::string{head.path} + (head.has_query ? "?" + query : "");
  SYNAPSE_FUZZ_CHECK(head.target == whole);
  SYNAPSE_FUZZ_CHECK(is_suspicious(path) || head.path == path);
  const std::string once{head.path};
  SYNAPSE_FUZZ_CHECK(make_path_normal(head, bytes.begin()) == path_fault::none);
  SYNAPSE_FUZZ_CHECK(head.path == once && head.target == whole); // one form, not one of several
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_path_form)

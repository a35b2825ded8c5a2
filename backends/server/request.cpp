#include "backends/server/request.hpp"

#include <cctype>

namespace synapse::backends {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string_view lookup(const std::vector<std::pair<std::string, std::string>>& fields,
                        std::string_view name) {
  for (const auto& [key, value] : fields)
    if (key == name)
      return value;
  return {};
}

} // namespace

std::string_view request::header(std::string_view name) const {
  return lookup(headers, name);
}

std::string_view request::query_value(std::string_view name) const {
  return lookup(query, name);
}

void parse_target(std::string_view target, request& into) {
  into.target = target;
  auto mark = target.find('?');
  into.path = decode(target.substr(0, mark), false);
  into.query.clear();
  if (mark == std::string_view::npos)
    return;
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    auto end = rest.find('&');
    auto pair = rest.substr(0, end);
    auto equals = pair.find('=');
    auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (!pair.empty())
      into.query.emplace_back(decode(pair.substr(0, equals), true), decode(value, true));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
}

} // namespace synapse::backends

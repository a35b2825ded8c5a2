#include "http/dialects/openai/request_facts.hpp"

#include "http/core/json/json_text.hpp"
#include "http/dialects/openai/json_cursor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace synapse::http::openai {

namespace {
using detail::json_cursor;
using detail::says;

constexpr std::size_t most_tags = 16;

class facts_reader {
public:
  explicit facts_reader(std::string_view body) : body_(body) { facts_.text_bytes = body.size(); }

  request_facts read() {
    json_cursor cursor(body_);
    if (cursor.peek() == '{')
      cursor.members([&](byte_range name, std::uint32_t) {
        const auto at = cursor.at();
        read_member(name.of(body_), at, cursor.value().of(body_));
      });
    return std::move(facts_);
  }

private:
  void read_member(std::string_view name, std::size_t at, std::string_view value) {
    if (says(name, "messages"))
      read_messages(at, value);
    else if (says(name, "prompt") || says(name, "input"))
      facts_.first_user = value;
    else if (says(name, "tools"))
      facts_.tools =
          value.starts_with('[') && value.find_first_not_of(" \t\r\n", 1) != value.size() - 1;
    else if (says(name, "response_format"))
      facts_.schema = value.find("\"json_schema\"") != std::string_view::npos;
    else if (says(name, "metadata"))
      read_metadata(value);
  }

  void read_metadata(std::string_view object) {
    json_cursor cursor(object);
    if (cursor.peek() != '{')
      return;
    cursor.members([&](byte_range name, std::uint32_t) {
      const auto value = cursor.value().of(object);
      if (!says(name.of(object), "tags") || value.empty() || value.front() != '[')
        return;
      json_cursor list(value);
      list.elements([&] {
        const auto one = list.value().of(value);
        if (facts_.tags.size() < most_tags && one.starts_with('"'))
          detail::append_unescaped(facts_.tags.emplace_back(), one);
      });
    });
  }

  void read_messages(std::size_t at, std::string_view list) {
    if (list.empty() || list.front() != '[')
      return;
    json_cursor cursor(body_.substr(0, at + list.size()), at);
    cursor.elements([&] {
      if (cursor.peek() != '{') {
        cursor.value();
        return;
      }
      std::string_view role;
      std::string_view content;
      cursor.members([&](byte_range name, std::uint32_t) {
        const auto from = cursor.at();
        const auto value = cursor.value().of(body_);
        if (says(name.of(body_), "role"))
          role = value;
        else if (says(name.of(body_), "content")) {
          content = value;
          read_parts(from, value);
        }
      });
      if (facts_.first_user.empty() && says(role, "user"))
        facts_.first_user = content;
      else if (facts_.first_system.empty() && (says(role, "system") || says(role, "developer")))
        facts_.first_system = content;
    });
  }

  void read_parts(std::size_t, std::string_view content) {
    json_cursor cursor(content);
    if (cursor.peek() != '[')
      return;
    cursor.elements([&] {
      const auto part = cursor.value().of(content);
      json_cursor members(part);
      if (members.peek() != '{')
        return;
      std::string_view type;
      members.members([&](byte_range name, std::uint32_t) {
        const auto value = members.value().of(part);
        if (says(name.of(part), "type"))
          type = value;
      });
      const bool image = says(type, "image_url");
      const bool audio = says(type, "input_audio");
      facts_.images = facts_.images || image;
      facts_.audio = facts_.audio || audio;
      if (image || audio)
        facts_.text_bytes -= std::min(facts_.text_bytes, part.size());
    });
  }

  std::string_view body_;
  request_facts facts_;
};
} // namespace

request_facts facts_of(std::string_view body) {
  return facts_reader{body}.read();
}

std::string with_fields(std::string_view body,
                        const std::map<std::string, std::string, std::less<>>& fields) {
  auto missing = fields;
  std::size_t open = std::string_view::npos;
  bool empty = true;
  json_cursor cursor(body);
  if (cursor.peek() == '{') {
    open = cursor.at();
    std::string name_text;
    cursor.members([&](byte_range name, std::uint32_t) {
      empty = false;
      name_text.clear();
      detail::append_unescaped(name_text, name.of(body));
      cursor.value();
      if (const auto found = missing.find(name_text); found != missing.end())
        missing.erase(found);
    });
  }
  if (open == std::string_view::npos || missing.empty())
    return std::string{body};
  std::string result{body.substr(0, open + 1)};
  bool first = true;
  for (const auto& [name, value] : missing) {
    if (!std::exchange(first, false))
      result += ',';
    result += dump(nlohmann::ordered_json(name));
    result.append(":").append(value);
  }
  if (!empty)
    result += ',';
  result += body.substr(open + 1);
  return result;
}

} // namespace synapse::http::openai

/// @file
/// A gateway whose audio backends the tests play themselves.
#pragma once

#include "tests/integration/configs.hpp"
#include "tests/support/forms.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/waiting.hpp"

#include <gtest/gtest.h>

namespace synapse::audio {

using namespace support;
using integration::backend;
using integration::config_with;
using integration::json_type;
using integration::text_at;
using json = nlohmann::json;

/// One file is what most forms have.
inline std::string form_of(std::string_view parts_before, const std::string& content,
                           std::string_view parts_behind = {}) {
  return std::string{parts_before} + form_file(content) + std::string{parts_behind} + end_of_form;
}

/// The parts of a form that a backend has received: `name` or `name;filename` and the content, in
/// order. Fails the test when it is not in the form in which the gateway writes it.
inline std::vector<std::pair<std::string, std::string>> parts_of(const upstream_request& request) {
  std::vector<std::pair<std::string, std::string>> parts;
  const auto type = request.field("Content-Type");
  const std::string_view key = "boundary=";
  const auto at = type.find(key);
  EXPECT_TRUE(type.starts_with("multipart/form-data")) << type;
  if (at == std::string::npos)
    return parts;
  const auto delimiter = "--" + type.substr(at + key.size());
  std::string_view rest = request.body;
  while (rest.starts_with(delimiter + "\r\n")) {
    rest.remove_prefix(delimiter.size() + 2);
    const auto head_end = rest.find("\r\n\r\n");
    const auto head = std::string{rest.substr(0, head_end)};
    rest.remove_prefix(head_end + 4);
    const auto end = rest.find("\r\n" + delimiter);
    EXPECT_NE(end, std::string_view::npos);
    const auto quoted = [&](const std::string& what) {
      const auto begin = head.find(what);
      if (begin == std::string::npos)
        return std::string{};
      const auto from = begin + what.size();
      return head.substr(from, head.find('"', from) - from);
    };
    auto name = quoted("; name=\"");
    if (const auto file = quoted("; filename=\""); !file.empty())
      name += ";" + file;
    parts.emplace_back(name, rest.substr(0, end));
    rest.remove_prefix(end + 2);
  }
  EXPECT_EQ(rest, delimiter + "--\r\n");
  return parts;
}

/// The gateway's answer to a form on a connection of its own.
inline http_reply post_form(const gateway_process& gateway, std::string_view path,
                            const std::string& form) {
  return gateway.post(path, form, form_type);
}

} // namespace synapse::audio

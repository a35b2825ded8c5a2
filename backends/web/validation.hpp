#pragma once

#include "backends/web/fastapi_service.hpp"
#include "backends/web/form.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::backends {

/// Collects what pydantic would find wrong with a request, in the order it is asked about.
class validation {
public:
  /// Adds one finding about `body.<field>`.
  void add(std::string_view type, std::string_view field, std::string message, json input,
           json context = nullptr);

  /// @throws http_problem 422 with the list, if there is anything in it.
  void check() const;

private:
  json found_ = json::array();
};

/// Reads the fields of a form.
class form_reader {
public:
  explicit form_reader(const form& from) : from_(from) {}

  /// @returns a file's part, or none with a finding.
  const form_part* file(std::string_view name);
  /// @returns a text, or none if it is absent or empty.
  std::optional<std::string> text(std::string_view name) const;
  bool boolean(std::string_view name, bool fallback);
  std::optional<std::int64_t> integer(std::string_view name);
  void check() const { wrong_.check(); }

private:
  const form& from_;
  validation wrong_;
};

/// Reads the fields of a JSON object. Absent fields give the fallback; others with findings too.
class json_reader {
public:
  /// @throws http_problem 422 for a body that is no JSON object
  explicit json_reader(const request& in);

  /// @param smallest characters that it must have at least
  std::string required_text(std::string_view name, std::size_t smallest);
  std::optional<std::string> text(std::string_view name);
  /// @param fallback the first of `allowed`
  std::string choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  bool boolean(std::string_view name, bool fallback);
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  double number(std::string_view name, double fallback);
  void check() const { wrong_.check(); }

private:
  const json* value(std::string_view name) const;

  json body_;
  validation wrong_;
};

} // namespace synapse::backends

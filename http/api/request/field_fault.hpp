/// @file
/// What is wrong with a value of a request, in the words of pydantic 2, which clients of FastAPI's
/// services read: `type`, `loc`, `msg`, `input` and `ctx` of the list in a 422. Facts: pydantic's
/// documentation, "Validation Errors", and FastAPI's answers as they are.
#pragma once

#include "http/api/request/refusal.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// One fault, without its place.
struct field_fault {
  std::string message; ///< ours, where there is no list: "has to be …"; empty: nothing is wrong
  std::string type;    ///< pydantic's, such as `int_parsing`
  std::string msg;     ///< pydantic's sentence
  nlohmann::ordered_json ctx; ///< what belongs to the type; null: nothing

  explicit operator bool() const noexcept { return !message.empty(); }
};

// ---- kinds; `message` of all but a few is the caller's ----

field_fault fault_missing();
/// Whatever pydantic has no type for. @param message becomes its `msg`, too
field_fault fault_value(std::string message);
field_fault fault_string_type();
field_fault fault_string_length(std::size_t characters, std::size_t least, std::size_t most);
/// @param text of a form or JSON string; false: a JSON value of another type
field_fault fault_bool(bool text);
field_fault fault_float(bool text, std::string message);
field_fault fault_int(std::string message);
/// Above or below a bound. @param bound as JSON, which tells integers from other numbers
field_fault fault_least(const nlohmann::ordered_json& bound, std::string message);
field_fault fault_above(const nlohmann::ordered_json& bound, std::string message);
field_fault fault_most(const nlohmann::ordered_json& bound, std::string message);
field_fault fault_literal(std::span<const std::string_view> values, std::string message);
field_fault fault_list_type(std::string message);
field_fault fault_list_length(std::size_t items, std::size_t least, std::size_t most,
                              std::string message);
field_fault fault_object(std::string message);

/// Collects faults of one request.
class fault_list {
public:
  /// @param place behind `body`, such as `{"voices", 0, "weight"}`.
  /// @param input what was sent there; null: nothing.
  void add(const nlohmann::ordered_json& place, const field_fault& fault,
           const nlohmann::ordered_json& input);
  bool empty() const noexcept { return items_.empty(); }
  /// As an answer; with the first one for where there is no list.
  refusal to_refusal() const;

private:
  nlohmann::ordered_json items_ = nlohmann::ordered_json::array();
  std::string field_;
  std::string message_;
};

/// A field whose value does not do, or (as `missing`) that is not there: 422 in the list that
/// FastAPI's clients know, 400 where OpenAI's do.
refusal invalid_field(std::string field, std::string message);
refusal missing_field(std::string field);
/// A single fault of a form's field. @param input the field's value
refusal refusal_for(std::string_view field, const field_fault& fault,
                    const nlohmann::ordered_json& input);

} // namespace synapse::api

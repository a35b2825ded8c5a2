#include "http/api/request/field_fault.hpp"

#include "http/core/json/json_text.hpp"
#include "http/core/json/utf8.hpp"

#include <utility>

namespace synapse::api {

using json = nlohmann::ordered_json;

namespace {
/// The longest text of a request, as characters of four bytes.
constexpr std::size_t max_echo = 32 * 1024;

/// What was sent, for the answer: all of it, if it is not larger than anything that belongs there.
json echo(const json& input) {
  if (!input.is_string())
    return input.is_structured() && http::dump(input).size() > max_echo ? json() : input;
  const auto& text = input.get_ref<const std::string&>();
  if (text.size() <= max_echo)
    return input;
  auto end = max_echo;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end) + "…";
}

/// As Python's `str` of a bound: 2.0 is 2 in a sentence.
std::string shown(const json& bound) {
  auto text = bound.dump();
  if (text.ends_with(".0"))
    text.resize(text.size() - 2);
  return text;
}

std::string plural(std::size_t n, std::string_view one) {
  return std::to_string(n) + ' ' + std::string{one} + (n == 1 ? "" : "s");
}

field_fault bounded(std::string_view type, std::string_view key, std::string_view sentence,
                    const json& bound, std::string message) {
  return {std::move(message), std::string{type},
          "Input should be " + std::string{sentence} + ' ' + shown(bound),
          json{{std::string{key}, bound}}};
}
} // namespace

field_fault fault_missing() {
  return {"Field required", "missing", "Field required", {}};
}

field_fault fault_value(std::string message) {
  auto msg = "Value error, " + message;
  return {std::move(message), "value_error", std::move(msg), json{{"error", json::object()}}};
}

field_fault fault_string_type() {
  return {"has to be a string", "string_type", "Input should be a valid string", {}};
}

field_fault fault_string_length(std::size_t characters, std::size_t least, std::size_t most) {
  auto message = "has to have " + std::to_string(least) + " to " + std::to_string(most) +
                 " characters, not " + std::to_string(characters);
  if (characters < least)
    return {std::move(message), "string_too_short",
            "String should have at least " + plural(least, "character"),
            json{{"min_length", least}}};
  return {std::move(message), "string_too_long",
          "String should have at most " + plural(most, "character"), json{{"max_length", most}}};
}

field_fault fault_bool(bool text) {
  if (text)
    return {"has to be true or false",
            "bool_parsing",
            "Input should be a valid boolean, unable to interpret input",
            {}};
  return {"has to be true or false", "bool_type", "Input should be a valid boolean", {}};
}

field_fault fault_float(bool text, std::string message) {
  if (text)
    return {std::move(message),
            "float_parsing",
            "Input should be a valid number, unable to parse string as a number",
            {}};
  return {std::move(message), "float_type", "Input should be a valid number", {}};
}

field_fault fault_int(std::string message) {
  return {std::move(message),
          "int_parsing",
          "Input should be a valid integer, unable to parse string as an integer",
          {}};
}

field_fault fault_least(const json& bound, std::string message) {
  return bounded("greater_than_equal", "ge", "greater than or equal to", bound, std::move(message));
}

field_fault fault_above(const json& bound, std::string message) {
  return bounded("greater_than", "gt", "greater than", bound, std::move(message));
}

field_fault fault_most(const json& bound, std::string message) {
  return bounded("less_than_equal", "le", "less than or equal to", bound, std::move(message));
}

field_fault fault_literal(std::span<const std::string_view> values, std::string message) {
  std::string expected;
  for (std::size_t i = 0; i < values.size(); ++i)
    expected.append(i == 0                   ? ""
                    : i + 1 == values.size() ? " or "
                                             : ", ")
        .append("'")
        .append(values[i])
        .append("'");
  return {std::move(message), "literal_error", "Input should be " + expected,
          json{{"expected", expected}}};
}

field_fault fault_list_type(std::string message) {
  return {std::move(message), "list_type", "Input should be a valid list", {}};
}

field_fault fault_list_length(std::size_t items, std::size_t least, std::size_t most,
                              std::string message) {
  const bool few = items < least;
  return {std::move(message), few ? "too_short" : "too_long",
          "List should have at " +
              (few ? "least " + plural(least, "item") : "most " + plural(most, "item")) +
              " after validation, not " + std::to_string(items),
          json{{"field_type", "List"},
               {few ? "min_length" : "max_length", few ? least : most},
               {"actual_length", items}}};
}

field_fault fault_object(std::string message) {
  return {std::move(message),
          "model_attributes_type",
          "Input should be a valid dictionary or object to extract fields from",
          {}};
}

void fault_list::add(const json& place, const field_fault& fault, const json& input) {
  if (items_.empty()) {
    field_ = place.is_array() ? place.at(0).get<std::string>() : place.get<std::string>();
    message_ = fault.message;
  }
  json loc = json::array({"body"});
  if (place.is_array())
    loc.insert(loc.end(), place.begin(), place.end());
  else
    loc.push_back(place);
  json item{
      {"type", fault.type}, {"loc", std::move(loc)}, {"msg", fault.msg}, {"input", echo(input)}};
  if (!fault.ctx.is_null())
    item["ctx"] = fault.ctx;
  items_.push_back(std::move(item));
}

refusal fault_list::to_refusal() const {
  return {http::response_detail::unprocessable, message_, field_, http::dump(items_)};
}

refusal invalid_field(std::string field, std::string message) {
  return refusal_for(field, fault_value(std::move(message)), json());
}

refusal missing_field(std::string field) {
  return refusal_for(field, fault_missing(), json());
}

refusal refusal_for(std::string_view field, const field_fault& fault, const json& input) {
  fault_list list;
  list.add(std::string{field}, fault, input);
  return list.to_refusal();
}

} // namespace synapse::api

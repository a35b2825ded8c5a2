#include "backends/web/validation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace synapse::backends {

namespace {

json finding(std::string_view type, json where, std::string message, json input, json context) {
  json out = {{"type", type},
              {"loc", std::move(where)},
              {"msg", std::move(message)},
              {"input", std::move(input)}};
  if (!context.is_null())
    out["ctx"] = std::move(context);
  return out;
}

[[noreturn]] void refuse(json one) {
  throw http_problem(422, json::array({std::move(one)}));
}

// What pydantic takes for a truth value.
std::optional<bool> truth(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static constexpr std::array yes{"1", "true", "t", "yes", "y", "on"};
  static constexpr std::array no{"0", "false", "f", "no", "n", "off"};
  if (std::find(yes.begin(), yes.end(), text) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), text) != no.end())
    return false;
  return std::nullopt;
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string listed(std::initializer_list<std::string_view> allowed) {
  std::string out;
  std::size_t left = allowed.size();
  for (auto each : allowed) {
    --left;
    out.append("'").append(each).append("'").append(left > 1 ? ", " : left == 1 ? " or " : "");
  }
  return out;
}

} // namespace

void validation::add(std::string_view type, std::string_view field, std::string message, json input,
                     json context) {
  found_.push_back(finding(type, json::array({"body", field}), std::move(message), std::move(input),
                           std::move(context)));
}

void validation::check() const {
  if (!found_.empty())
    throw http_problem(422, found_);
}

const form_part* form_reader::file(std::string_view name) {
  const auto* part = from_.find(name);
  if (part && part->is_file)
    return part;
  if (part)
    wrong_.add("value_error", name, "Value error, Expected UploadFile, received: <class 'str'>",
               std::string(part->data), {{"error", json::object()}});
  else
    wrong_.add("missing", name, "Field required", nullptr);
  return nullptr;
}

std::optional<std::string> form_reader::text(std::string_view name) const {
  const auto* part = from_.find(name);
  if (!part || part->data.empty())
    return std::nullopt;
  return std::string(part->data);
}

bool form_reader::boolean(std::string_view name, bool fallback) {
  auto given = text(name);
  if (!given)
    return fallback;
  auto value = truth(*given);
  if (!value)
    wrong_.add("bool_parsing", name, "Input should be a valid boolean, unable to interpret input",
               *given);
  return value.value_or(fallback);
}

std::optional<std::int64_t> form_reader::integer(std::string_view name) {
  auto given = text(name);
  if (!given)
    return std::nullopt;
  auto value = whole(*given);
  if (!value)
    wrong_.add("int_parsing", name,
               "Input should be a valid integer, unable to parse string as an integer", *given);
  return value;
}

json_reader::json_reader(const request& in) {
  if (in.body.empty())
    refuse(finding("missing", json::array({"body"}), "Field required", nullptr, nullptr));
  try {
    body_ = json::parse(in.body);
  } catch (const json::parse_error& error) {
    refuse(finding("json_invalid", json::array({"body", error.byte}), "JSON decode error",
                   json::object(), {{"error", "Expecting value"}}));
  }
  if (!body_.is_object())
    refuse(finding("model_attributes_type", json::array({"body"}),
                   "Input should be a valid dictionary or object to extract fields from", body_,
                   nullptr));
}

const json* json_reader::value(std::string_view name) const {
  auto found = body_.find(std::string(name));
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

std::string json_reader::required_text(std::string_view name, std::size_t smallest) {
  if (!body_.contains(std::string(name))) {
    wrong_.add("missing", name, "Field required", body_);
    return {};
  }
  const auto* given = value(name);
  if (!given || !given->is_string()) {
    wrong_.add("string_type", name, "Input should be a valid string",
               given ? *given : json(nullptr));
    return {};
  }
  auto out = given->get<std::string>();
  if (out.size() < smallest)
    wrong_.add("string_too_short", name,
               "String should have at least " + std::to_string(smallest) + " character" +
                   (smallest == 1 ? "" : "s"),
               out, {{"min_length", smallest}});
  return out;
}

std::optional<std::string> json_reader::text(std::string_view name) {
  const auto* given = value(name);
  if (!given)
    return std::nullopt;
  if (given->is_string())
    return given->get<std::string>();
  wrong_.add("string_type", name, "Input should be a valid string", *given);
  return std::nullopt;
}

std::string json_reader::choice(std::string_view name,
                                std::initializer_list<std::string_view> allowed) {
  const auto* given = value(name);
  if (!given)
    return std::string(*allowed.begin());
  if (given->is_string())
    for (auto each : allowed)
      if (*given == each)
        return std::string(each);
  wrong_.add("literal_error", name, "Input should be " + listed(allowed), *given,
             {{"expected", listed(allowed)}});
  return {};
}

bool json_reader::boolean(std::string_view name, bool fallback) {
  const auto* given = value(name);
  if (!given)
    return fallback;
  if (given->is_boolean())
    return given->get<bool>();
  auto value = given->is_string() ? truth(given->get<std::string>()) : std::nullopt;
  if (!value)
    wrong_.add("bool_parsing", name, "Input should be a valid boolean, unable to interpret input",
               *given);
  return value.value_or(fallback);
}

std::int64_t json_reader::integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                                  std::int64_t most) {
  const auto* given = value(name);
  if (!given)
    return fallback;
  std::optional<std::int64_t> value;
  if (given->is_number_integer())
    value = given->get<std::int64_t>();
  else if (given->is_string())
    value = whole(given->get<std::string>());
  if (!value) {
    wrong_.add("int_parsing", name,
               "Input should be a valid integer, unable to parse string as an integer", *given);
    return fallback;
  }
  if (*value < least)
    wrong_.add("greater_than_equal", name,
               "Input should be greater than or equal to " + std::to_string(least), *value,
               {{"ge", least}});
  else if (*value > most)
    wrong_.add("less_than_equal", name,
               "Input should be less than or equal to " + std::to_string(most), *value,
               {{"le", most}});
  return *value;
}

double json_reader::number(std::string_view name, double fallback) {
  const auto* given = value(name);
  if (!given)
    return fallback;
  if (given->is_number())
    return given->get<double>();
  wrong_.add("float_parsing", name,
             "Input should be a valid number, unable to parse string as a number", *given);
  return fallback;
}

} // namespace synapse::backends

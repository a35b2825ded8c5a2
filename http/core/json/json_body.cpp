#include "http/core/json/json_body.hpp"

#include "http/core/json/json_parser.hpp"

#include <nlohmann/json.hpp>

namespace synapse::http {
namespace {

namespace dom = simdjson::dom;

json_kind kind_of(dom::element e) noexcept {
  switch (e.type()) {
  case dom::element_type::NULL_VALUE:
    return json_kind::null;
  case dom::element_type::BOOL:
    return json_kind::boolean;
  case dom::element_type::STRING:
    return json_kind::string;
  case dom::element_type::ARRAY:
    return json_kind::array;
  case dom::element_type::OBJECT:
    return json_kind::object;
  default:
    return json_kind::number;
  }
}

bool is_true(dom::element e) noexcept {
  bool b = false;
  return e.get(b) == simdjson::SUCCESS && b;
}

bool asks_for_usage(dom::element options) noexcept {
  bool out = false;
  dom::object object;
  if (options.get(object) == simdjson::SUCCESS)
    for (const dom::key_value_pair member : object)
      if (member.key == "include_usage")
        out = is_true(member.value);
  return out;
}

void read_synapse(dom::element value, json_inspection& out) {
  out.synapse_kind = kind_of(value);
  out.wait_kind = json_kind::absent;
  out.wait = false;
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS)
    return;
  for (const dom::key_value_pair member : object) {
    if (member.key == "wait") {
      out.wait_kind = kind_of(member.value);
      out.wait = is_true(member.value);
    }
  }
}

void read_members(dom::object top, json_inspection& out) {
  for (const dom::key_value_pair member : top) {
    if (member.key == "model") {
      out.model_kind = kind_of(member.value);
      out.model.clear();
      if (out.model_kind == json_kind::string)
        out.model = member.value.get_string().value_unsafe();
    } else if (member.key == "stream") {
      out.stream_kind = kind_of(member.value);
      out.stream = is_true(member.value);
    } else if (member.key == "stream_options") {
      out.include_usage = asks_for_usage(member.value);
    } else if (member.key == "synapse") {
      read_synapse(member.value, out);
    }
  }
}

/// The slow reader, used only after the fast one has refused a body: it knows where reading failed,
/// and it reads integers of any length, which are JSON though no machine type holds them.
class careful_reader {
public:
  explicit careful_reader(json_inspection& out) : out_(out) {}

  bool null() { return value(json_kind::null); }
  bool boolean(bool b) { return value(json_kind::boolean, b); }
  bool number_integer(std::int64_t) { return value(json_kind::number); }
  bool number_unsigned(std::uint64_t) { return value(json_kind::number); }
  bool number_float(double, const std::string&) { return value(json_kind::number); }
  bool string(std::string& text) {
    if (depth_ == 1 && key_ == "model")
      out_.model = text;
    return value(json_kind::string);
  }
  bool binary(nlohmann::json::binary_t&) { return false; } // not of this format
  bool start_object(std::size_t) { return open(json_kind::object); }
  bool start_array(std::size_t) { return open(json_kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (depth_ == 1)
      key_ = name;
    in_include_usage_ = depth_ == 2 && in_options_ && name == "include_usage";
    in_wait_ = depth_ == 2 && in_synapse_ && name == "wait";
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& e) {
    out_.error = e.id == 406 ? json_error::number : json_error::syntax; // 406: number out of range
    out_.offset = position > 0 ? position - 1 : 0;
    return false;
  }

private:
  bool value(json_kind kind, bool b = false) {
    if (depth_ == 0)
      out_.error = json_error::not_object;
    if (depth_ == 1 && key_ == "model") {
      out_.model_kind = kind;
      if (kind != json_kind::string)
        out_.model.clear();
    } else if (depth_ == 1 && key_ == "stream") {
      out_.stream_kind = kind;
      out_.stream = b;
    } else if (depth_ == 1 && key_ == "stream_options") {
      out_.include_usage = false;
    } else if (depth_ == 1 && key_ == "synapse") {
      out_.synapse_kind = kind;
      out_.wait_kind = json_kind::absent;
      out_.wait = false;
    } else if (in_include_usage_) {
      out_.include_usage = b;
    } else if (in_wait_) {
      out_.wait_kind = kind;
      out_.wait = b;
    }
    in_include_usage_ = false;
    in_wait_ = false;
    return true;
  }
  bool open(json_kind kind) {
    if (depth_ > 0 || kind != json_kind::object)
      value(kind);
    if (depth_ == 1) {
      in_options_ = key_ == "stream_options" && kind == json_kind::object;
      in_synapse_ = key_ == "synapse" && kind == json_kind::object;
    }
    if (++depth_ <= json_max_depth)
      return true;
    out_.error = json_error::too_deep;
    return false;
  }
  bool close() {
    if (--depth_ == 1)
      in_options_ = in_synapse_ = false;
    return true;
  }

  json_inspection& out_;
  std::size_t depth_ = 0;
  std::string key_; // of the top level
  bool in_options_ = false;
  bool in_synapse_ = false;
  bool in_include_usage_ = false; // the value that comes is that of the member
  bool in_wait_ = false;          // likewise
};

std::string message_for(const json_inspection& r, std::size_t size) {
  switch (r.error) {
  case json_error::none:
    return {};
  case json_error::empty:
    return "the request body is empty; a JSON object is expected";
  case json_error::syntax:
    if (r.offset >= size)
      return "the request body is not valid JSON: it ends too early, after " +
             std::to_string(size) + " bytes";
    return "the request body is not valid JSON: error at byte " + std::to_string(r.offset);
  case json_error::utf8:
    return "the request body is not valid UTF-8";
  case json_error::not_object:
    return "the request body must be a JSON object";
  case json_error::too_deep:
    return "the request body is nested too deeply (more than " + std::to_string(json_max_depth) +
           " levels)";
  case json_error::number:
    return "the request body holds a number that is out of range";
  case json_error::too_large:
    return "the request body is too large";
  }
  return {};
}

bool is_blank(std::string_view s) noexcept {
  return s.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Reads again with the careful reader what the fast one refused with `why`.
json_inspection inspect_carefully(std::string_view body, simdjson::error_code why) {
  json_inspection out;
  careful_reader reader(out);
  const bool read = nlohmann::json::sax_parse(body.begin(), body.end(), &reader);
  if (read && out.error == json_error::none && why != simdjson::NUMBER_ERROR)
    out.error = json_error::syntax; // a byte order mark, which the careful reader skips
  if (why == simdjson::UTF8_ERROR)
    out.error = json_error::utf8;
  else if (why == simdjson::CAPACITY)
    out.error = json_error::too_large;
  return out;
}

json_inspection inspect(std::string_view body, bool padded) {
  json_inspection out;
  if (is_blank(body)) {
    out.error = json_error::empty;
  } else {
    detail::borrowed_parser parser;
    dom::element root;
    dom::object top;
    if (const auto e = parser.parse(body, padded, root); e != simdjson::SUCCESS)
      out = inspect_carefully(body, e);
    else if (root.get(top) != simdjson::SUCCESS)
      out.error = json_error::not_object;
    else
      read_members(top, out);
  }
  if (out.error != json_error::none)
    out.message = message_for(out, body.size());
  return out;
}

} // namespace

json_inspection inspect_json(std::string_view body) {
  return inspect(body, false);
}

json_inspection inspect_padded_json(std::string_view body) {
  return inspect(body, true);
}

bool is_json_object(std::string_view text) {
  {
    detail::borrowed_parser parser;
    dom::element root;
    if (parser.parse(text, false, root) == simdjson::SUCCESS)
      return root.is_object();
  }
  return inspect_json(text).ok();
}

} // namespace synapse::http

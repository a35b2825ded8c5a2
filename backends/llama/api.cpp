#include "backends/llama/api.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <utility>

namespace synapse::backends {

namespace {

struct error_row {
  error_type type;
  int status;
  std::string_view name;
};

constexpr std::array error_rows{
    error_row{error_type::invalid_request, 400, "invalid_request_error"},
    error_row{error_type::authentication, 401, "authentication_error"},
    error_row{error_type::not_found, 404, "not_found_error"},
    error_row{error_type::server, 500, "server_error"},
    error_row{error_type::not_supported, 501, "not_supported_error"},
    error_row{error_type::unavailable, 503, "unavailable_error"},
    error_row{error_type::exceed_context_size, 400, "exceed_context_size_error"},
    error_row{error_type::proxy, 500, "server_error"},
};

const error_row& row_of(error_type type) {
  return *std::find_if(error_rows.begin(), error_rows.end(),
                       [&](const error_row& row) { return row.type == type; });
}

constexpr std::string_view json_type = "application/json; charset=utf-8";

} // namespace

int status_of(error_type type) {
  return row_of(type).status;
}

json error_object(const api_error& error) {
  const auto& row = row_of(error.type);
  json inner = {{"code", row.status}, {"message", error.message}, {"type", row.name}};
  inner.update(error.extra);
  return {{"error", std::move(inner)}};
}

response error_response(const api_error& error) {
  if (error.type == error_type::proxy) {
    response out;
    out.status = status_of(error.type);
    out.content_type = "text/plain; charset=utf-8";
    out.body = error.message;
    return out;
  }
  return json_response(error_object(error), status_of(error.type));
}

response error_response(int status, std::string_view message) {
  auto row = std::find_if(error_rows.begin(), error_rows.end(),
                          [&](const error_row& each) { return each.status == status; });
  auto name = row != error_rows.end() ? row->name
              : status < 500          ? std::string_view("invalid_request_error")
                                      : std::string_view("server_error");
  return json_response({{"error", {{"code", status}, {"message", message}, {"type", name}}}},
                       status);
}

response json_response(const json& body, int status) {
  response out;
  out.status = status;
  out.content_type = json_type;
  out.body = dump(body);
  return out;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json parse_body(const request& in) {
  try {
    auto body = json::parse(in.body);
    if (!body.is_object())
      throw api_error{error_type::server, "the request body must be a JSON object"};
    return body;
  } catch (const json::exception& error) {
    throw api_error{error_type::server, error.what()};
  }
}

std::string random_id(std::size_t length) {
  static constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  thread_local std::mt19937_64 source{std::random_device{}()};
  std::uniform_int_distribution<std::size_t> pick{0, letters.size() - 1};
  std::string out(length, ' ');
  std::generate(out.begin(), out.end(), [&] { return letters[pick(source)]; });
  return out;
}

std::int64_t unix_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

std::string_view build_name() {
  return "b1-synapse";
}

bool access_rules::allows(const request& in) const {
  static constexpr std::array open_paths{"/health", "/v1/health", "/models", "/v1/models", "/"};
  if (keys_.empty() || std::find(open_paths.begin(), open_paths.end(), in.path) != open_paths.end())
    return true;
  auto given = in.header("authorization");
  if (given.starts_with("Bearer "))
    given.remove_prefix(7);
  else
    given = in.header("x-api-key");
  return std::find(keys_.begin(), keys_.end(), given) != keys_.end();
}

void add_cors(const request& in, response& answer) {
  answer.headers.emplace_back("Access-Control-Allow-Origin", std::string(in.header("origin")));
}

response preflight_answer(const request& in) {
  response out;
  out.content_type = "text/html";
  add_cors(in, out);
  out.headers.emplace_back("Access-Control-Allow-Credentials", "true");
  out.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST");
  out.headers.emplace_back("Access-Control-Allow-Headers", "*");
  return out;
}

} // namespace synapse::backends

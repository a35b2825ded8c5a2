#include "backends/llama/llama_service.hpp"

#include <exception>
#include <optional>

namespace synapse::backends {

llama_service::llama_service(server_profile profile, std::vector<std::string> api_keys)
    : profile_(std::move(profile)), access_(std::move(api_keys)) {}

void llama_service::add_route(std::string_view method, std::string_view path, route call) {
  routes_[{std::string(method), std::string(path)}] = std::move(call);
}

void llama_service::add_simple(std::string_view method, std::string_view path,
                               std::function<json(const request&)> call) {
  add_route(method, path,
            [call = std::move(call)](const request& in, exchange& out) -> asio::awaitable<void> {
              auto answer = json_response(call(in));
              co_await send(std::move(answer), in, out);
            });
}

asio::awaitable<void> llama_service::handle(const request& in, exchange& out) {
  if (in.method == "OPTIONS") {
    co_await out.reply(preflight_answer(in));
    co_return;
  }
  if (loading()) {
    bool page = in.path == "/" || in.path.ends_with(".html");
    auto answer = page ? page_not_ready() : loading_answer();
    co_await send(std::move(answer), in, out);
    co_return;
  }
  if (!access_.allows(in)) {
    auto answer = error_response(api_error{error_type::authentication, "Invalid API Key"});
    co_await send(std::move(answer), in, out);
    co_return;
  }
  auto found = routes_.find({in.method == "HEAD" ? "GET" : in.method, in.path});
  if (found == routes_.end()) {
    auto answer = error_response(api_error{error_type::not_found, "File Not Found"});
    co_await send(std::move(answer), in, out);
    co_return;
  }
  co_await run_route(found->second, in, out);
}

asio::awaitable<void> llama_service::run_route(const route& call, const request& in,
                                               exchange& out) {
  std::optional<api_error> failed;
  try {
    co_await call(in, out);
  } catch (api_error& error) {
    failed = std::move(error);
  } catch (const json::exception& error) {
    failed = api_error{error_type::invalid_request, error.what()};
  } catch (const std::exception& error) {
    failed = api_error{error_type::server, error.what()};
  }
  if (failed && !out.started() && !out.gone()) {
    auto answer = error_response(*failed);
    co_await send(std::move(answer), in, out);
  }
}

response llama_service::error_answer(int status, std::string_view message) const {
  return error_response(status, message);
}

response llama_service::loading_answer() const {
  return error_response(api_error{error_type::unavailable, "Loading model"});
}

response llama_service::page_not_ready() const {
  response out;
  out.status = 503;
  out.content_type = "text/html; charset=utf-8";
  out.body = "<!DOCTYPE html><html><head><meta http-equiv=\"refresh\" content=\"5\"></head>"
             "<body>The model is loading. Please wait.</body></html>";
  return out;
}

asio::awaitable<void> send(response answer, const request& in, exchange& out) {
  add_cors(in, answer);
  co_await out.reply(std::move(answer));
}

} // namespace synapse::backends

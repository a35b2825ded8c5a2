#include "backends/standin/standin_service.hpp"

#include <exception>
#include <optional>

namespace synapse::backends {

void standin_service::add_route(std::string_view method, std::string_view path, route call) {
  routes_[{std::string(path), std::string(method)}] = std::move(call);
}

void standin_service::add_simple(std::string_view method, std::string_view path,
                                 std::function<response(const request&)> call) {
  add_route(method, path,
            [call = std::move(call)](const request& in, exchange& out) -> asio::awaitable<void> {
              auto answer = call(in);
              co_await out.reply(std::move(answer));
            });
}

const standin_service::route* standin_service::find(const request& in) const {
  std::string method = in.method == "HEAD" ? "GET" : in.method;
  auto found = routes_.find({in.path, method});
  if (found != routes_.end())
    return &found->second;
  for (const auto& [key, call] : routes_)
    if (key.second == method && key.first.size() > 1 && key.first.ends_with('/') &&
        in.path.size() > key.first.size() && in.path.starts_with(key.first))
      return &call;
  return nullptr;
}

asio::awaitable<void> standin_service::handle(const request& in, exchange& out) {
  const auto* call = find(in);
  if (!call) {
    auto first = routes_.lower_bound({in.path, std::string()});
    bool known = first != routes_.end() && first->first.first == in.path;
    auto answer = no_route(in, known);
    co_await out.reply(std::move(answer));
    co_return;
  }
  std::optional<standin_problem> failed;
  try {
    co_await (*call)(in, out);
  } catch (standin_problem& problem) {
    failed = std::move(problem);
  } catch (const api_error& error) {
    failed = standin_problem{400, error.message, {}, {}};
  } catch (const json::exception& error) {
    failed = standin_problem{400, error.what(), {}, {}};
  } catch (const std::exception& error) {
    failed = standin_problem{500, error.what(), {}, {}};
  }
  if (failed && !out.started() && !out.gone()) {
    auto answer = refusal(in, *failed);
    co_await out.reply(std::move(answer));
  }
}

response standin_service::error_answer(int status, std::string_view message) const {
  return error_for(request{}, status, message);
}

response standin_service::error_for(const request& in, int status, std::string_view message) const {
  return refusal(in, standin_problem{status, std::string(message), {}, {}});
}

json object_of(const request& in) {
  if (in.body.empty())
    throw standin_problem{400, "missing request body", {}, {}};
  auto body = json::parse(in.body, nullptr, false);
  if (!body.is_object())
    throw standin_problem{400, "the request body is no JSON object", {}, {}};
  return body;
}

response text_answer(int status, std::string body, std::string content_type) {
  response out;
  out.status = status;
  out.content_type = std::move(content_type);
  out.body = std::move(body);
  return out;
}

} // namespace synapse::backends

#pragma once

#include "backends/llama/api.hpp"
#include "backends/server/exchange.hpp"
#include "backends/server/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::backends {

/// A request that cannot be served: thrown by a route before it has sent anything.
struct standin_problem {
  int status = 400;
  std::string message;
  std::string param; ///< the field that is wrong, for those who say it
  std::string type;  ///< empty: the usual one of the status
};

/// What the stand-ins of model servers share: routes, faults, and one form for what goes wrong.
class standin_service : public service {
public:
  const server_profile& profile() const override { return profile_; }
  void start(asio::any_io_executor) override {}
  void stop() override {}
  asio::awaitable<void> handle(const request& in, exchange& out) override;
  response error_answer(int status, std::string_view message) const override;
  response error_for(const request& in, int status, std::string_view message) const override;
  response loading_answer() const override { return error_answer(503, "model is loading"); }
  bool takes_faults() const override { return true; }

protected:
  using route = std::function<asio::awaitable<void>(const request&, exchange&)>;

  explicit standin_service(server_profile profile) : profile_(std::move(profile)) {}

  /// Serves `method path` with `call`; GET also serves HEAD. A path that ends in `/` serves all
  /// below it.
  void add_route(std::string_view method, std::string_view path, route call);

  /// Serves with a function that makes the whole answer at once.
  void add_simple(std::string_view method, std::string_view path,
                  std::function<response(const request&)> call);

  /// @returns the server's own words for a problem of a request.
  virtual response refusal(const request& in, const standin_problem& what) const = 0;

  /// @param known whether another method would be served
  virtual response no_route(const request& in, bool known) const = 0;

private:
  const route* find(const request& in) const;

  server_profile profile_;
  std::map<std::pair<std::string, std::string>, route> routes_; ///< by path and method
};

/// @returns the request's body as an object. @throws standin_problem 400
json object_of(const request& in);

/// @returns an answer of some text.
response text_answer(int status, std::string body, std::string content_type);

} // namespace synapse::backends

#include "http/api/request/own_question.hpp"

#include "http/core/head/head_writer.hpp"
#include "http/proxy/own_credentials.hpp"

#include <string>

namespace synapse::api {

client::fetch_request own_question(server::exchange& exchange, const client::backend_site& site,
                                   std::string_view target, net::time_ns patience,
                                   std::size_t max_body) {
  client::fetch_request request;
  request.target = site.settings->url.base_path + std::string{target};
  request.authority = site.authority;
  request.fields = "X-Request-Id: " + std::string{exchange.id()} + "\r\n";
  http::upstream_head_options credentials;
  credentials.forward_authorization = site.settings->authorization.forward;
  credentials.bearer = site.entry->bearer;
  credentials.bearer_field = site.key_field;
  credentials.own = proxy::own_credentials_of(exchange);
  http::append_credentials(request.fields, exchange.head(), credentials);
  request.deadline = net::io_thread::now() + patience;
  request.max_body = max_body;
  return request;
}

actors::attempt_result outcome_of(client::fetch_error error, bool probe) noexcept {
  using actors::attempt_result;
  using client::fetch_error;
  switch (error) {
  case fetch_error::none:
    return attempt_result::ok;
  case fetch_error::connect_failure:
    return attempt_result::connect_failure;
  case fetch_error::reset:
    return attempt_result::reset_before_head;
  case fetch_error::timeout:
    return probe ? attempt_result::response_timeout : attempt_result::canceled;
  default:
    return attempt_result::bad_response;
  }
}

} // namespace synapse::api

#include "http/api/forms/form_call.hpp"

#include "http/api/forms/late_answer.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/proxy/downstream/error_answer.hpp"

namespace synapse::api {

using http::response_detail;

net::task<client::site_ptr> site_of(server::exchange& ex) {
  auto site = ex.routes()->site_for_path(ex.path());
  if (!site)
    co_await ex.reply_error(response_detail::backend_not_found,
                            "no backend is configured for this route");
  co_return site;
}

net::task<void> pass_form(server::exchange& ex, client::site_ptr site, form_call call) {
  std::string boundary;
  if (auto why = check_form_head(ex.head(), ex.settings().limits.max_upload_bytes, boundary)) {
    co_await refuse(ex, std::move(*why));
    co_return;
  }
  upload_form form{ex, boundary, call.fields, call.kept};
  form.to_backend = call.to_backend;
  switch (co_await form.begin()) {
  case upload_form::beginning::ready:
    break;
  case upload_form::beginning::gone:
    note_departure_while_reading(ex);
    co_return;
  case upload_form::beginning::refused: {
    auto why = form.why();
    co_await refuse(ex, std::move(why));
    co_return;
  }
  }
  late_answer translator{[&] { return call.translate(form); }};
  proxy::own_request request;
  request.target = call.target(form);
  request.content_type = form.content_type();
  request.source = &form;
  proxy::forward_options options;
  options.request = &request;
  options.translator = &translator;
  options.label = call.label;
  proxy::forwarder work{ex, std::move(site), options};
  const auto end = co_await work.run();
  if (end == proxy::forward_end::refused) {
    auto why = form.why();
    co_await refuse(ex, std::move(why));
  } else if (end == proxy::forward_end::collected) {
    co_await proxy::pass_on_error(ex, work.answer(), call.label);
  }
}

net::task<void> pass_form(server::exchange& ex, form_call call) {
  auto site = co_await site_of(ex);
  if (site)
    co_await pass_form(ex, std::move(site), std::move(call));
}

} // namespace synapse::api

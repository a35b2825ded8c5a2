#include "http/api/recognition/catalog_transcription.hpp"

#include "http/api/deployments/deployment_targets.hpp"
#include "http/api/deployments/named_request.hpp"
#include "http/api/forms/form_input.hpp"
#include "http/api/llm/catalog_request.hpp"
#include "http/api/recognition/transcription_dress.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/proxy/forwarder.hpp"

#include <optional>
#include <string>

namespace synapse::api {

using http::response_detail;

namespace {
constexpr std::size_t max_name_bytes = 1024; ///< of a model; a longer one is nobody's

/// What is known of a form when its model is.
struct form_beginning {
  std::string model; ///< empty: the form has none
  std::optional<refusal> why;
  bool gone = false;
};

/// Of a form whose model stands behind more than is kept.
refusal model_too_late(std::size_t most) {
  return {response_detail::bad_request,
          "the field has to come before the file where that is larger than " +
              std::to_string(most) + " bytes",
          "model"};
}

/// Reads the form up to its model, and no further.
net::task<form_beginning> find_model(server::exchange& ex, std::string_view boundary,
                                     upload_body& body) {
  using step = form_input::step;
  form_beginning found;
  form_input input{ex, boundary, ex.settings().limits.max_upload_bytes, &body};
  bool in_model = false;
  for (;;) {
    std::string_view data;
    const auto how = input.next(data);
    if (!body.is_kept()) {
      found.why = model_too_late(ex.settings().limits.max_kept_upload_bytes);
      co_return found;
    }
    if (how == step::part_begin) {
      in_model = input.part().name == "model" && !input.part().has_filename;
    } else if (how == step::data && in_model) {
      found.model.append(data.substr(0, max_name_bytes - found.model.size()));
    } else if (how == step::end || (how == step::part_end && in_model)) {
      co_return found;
    } else if (how == step::failed) {
      found.why = input.why();
      co_return found;
    } else if (how == step::wait) {
      const bool more = co_await input.more();
      if (more)
        continue;
      found.gone = input.gone();
      if (!found.gone)
        found.why = input.why();
      co_return found;
    }
  }
}

net::task<void> transcribe(server::exchange& ex, const routing::model_name& name, std::string asked,
                           std::string_view boundary, upload_body& body) {
  deployment_wish wish;
  wish.name = &name;
  wish.routing.asked = asked;
  wish.routing.what = routing::kind::transcription;
  read_wish(ex, wish);
  // An upload takes the client's time, which has limits of its own.
  if (ex.head().fields.find("x-synapse-timeout") == nullptr)
    wish.routing.deadline = 0;
  body.bounded();
  transcription_dress dress{ex, boundary, body};
  deployment_targets all{ex, wish, dress};
  bool begun = all.begin_at_once();
  if (!begun)
    begun = co_await all.begin();
  if (!begun)
    co_return;
  const auto end = co_await proxy::forward(ex, all, proxy::forward_options());
  if (end != proxy::forward_end::refused)
    co_return;
  auto why = dress.form_fault();
  all.sign();
  co_await refuse(ex, std::move(why));
}
} // namespace

net::task<bool> transcribe_by_name(server::exchange& ex, upload_body& body, bool& looked) {
  const bool has_route = ex.routes()->site_for_path(ex.path()) != nullptr;
  if (!concerns_catalog(ex, routing::kind::transcription, has_route))
    co_return false;
  std::string boundary;
  if (auto why = check_form_head(ex.head(), ex.settings().limits.max_upload_bytes, boundary)) {
    if (has_route)
      co_return false;
    co_await refuse(ex, std::move(*why));
    co_return true;
  }
  looked = true;
  auto found = co_await find_model(ex, boundary, body);
  if (found.gone) {
    note_departure_while_reading(ex);
    co_return true;
  }
  if (found.why) {
    co_await refuse(ex, std::move(*found.why));
    co_return true;
  }
  body.rewind();
  const auto* name = name_for(ex, found.model, routing::kind::transcription, has_route);
  ex.record().model.assign(found.model);
  if (name == nullptr && has_route)
    co_return false;
  if (name == nullptr)
    co_await refuse_unknown_name(ex, found.model);
  else
    co_await transcribe(ex, *name, std::move(found.model), boundary, body);
  co_return true;
}

} // namespace synapse::api

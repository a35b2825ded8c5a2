/// @file
/// The common way of requests whose body is a form with recordings.
#pragma once

#include "http/api/forms/upload_form.hpp"
#include "http/proxy/forwarder.hpp"
#include "http/sites/thread_routes.hpp"

#include <functional>
#include <string>

namespace synapse::api {

/// The backend of the exchange's path. @returns null when there is none: the client has been told.
net::task<client::site_ptr> site_of(server::exchange& exchange);

struct form_call {
  std::span<const form_field> fields;
  /// What the backend gets besides the files, see upload_form.
  std::function<http::form_fields(const upload_form&, std::optional<refusal>&)> to_backend;
  /// Where it gets it, decided when the first file begins.
  std::function<std::string(const upload_form&)> target;
  /// What becomes of a good answer, decided when it begins.
  std::function<std::unique_ptr<http::answer_translator>(const upload_form&)> translate;
  std::string_view label;      ///< of the backend's errors, such as "STT backend error"
  upload_body* kept = nullptr; ///< reads the body, see form_input
};

/// Passes the form on while it arrives, and the answer back. Replies in every case.
net::task<void> pass_form(server::exchange& exchange, client::site_ptr site, form_call call);
/// The same, to the backend of the exchange's path.
net::task<void> pass_form(server::exchange& exchange, form_call call);

} // namespace synapse::api

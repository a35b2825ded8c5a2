/// @file
/// Where a request goes that names a model.
#pragma once

#include "http/api/llm/model_request.hpp"
#include "http/api/llm/model_turn.hpp"
#include "http/proxy/targets.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace synapse::api {

/// Whether the gateway loads and unloads its models.
bool is_managed(const client::backend_site& site);

/// What llama.cpp's router answers instead of a model that is not there (any more). Nothing of the
/// request has been worked on then, but for one text, which is believed only the first time.
bool says_not_there(const proxy::collected_answer& answer, bool first);

/// The backend that the path names, or one that lists the model; with a turn where models take
/// turns. When the model turns out not to be there (any more), a router that should have it is
/// waited for once more, and another backend that lists it by now is taken.
class model_targets final : public proxy::targets {
public:
  /// @param request its plan was made. Outlives this. @param wants_stream it may get comments while
  /// it waits
  model_targets(server::exchange& exchange, model_request& request, bool wants_stream);

  enum class found : std::uint8_t {
    ready,
    nobody, ///< no backend is known to have it
    ended,  ///< the client has its answer, or has left
  };
  /// The first target of the request's plan, if nothing has to be waited for: neither lists nor a
  /// turn. @returns false: `begin`
  bool begin_at_once();
  /// The same with a wait. Who lists the model is asked for where the plan does not know.
  net::task<found> begin();

  const client::site_ptr& site() const noexcept override { return site_; }
  const std::string* body() override { return edited_ ? &body_ : nullptr; }
  net::task<proxy::onward> after(proxy::miss what) override;

private:
  bool enter_at_once();
  net::task<found> arrive();
  void make_body();
  net::task<proxy::onward> once_more(proxy::miss what);
  net::task<proxy::onward> another(proxy::miss what);

  server::exchange& ex_;
  model_request& request_;
  client::site_ptr site_;
  std::optional<model_turn> turn_; ///< of a managed target
  bool wants_stream_;
  unsigned heals_ = 0;        ///< times its model was not there
  bool looked_again_ = false; ///< the lists were asked for once more
  bool edited_ = false;
  std::string body_;
};

} // namespace synapse::api

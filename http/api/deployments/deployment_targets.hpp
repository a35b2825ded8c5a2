/// @file
/// The deployments of a catalog's name as the targets of one request.
#pragma once

#include "http/api/deployments/attempt_trace.hpp"
#include "http/api/deployments/deployment_dress.hpp"
#include "http/api/deployments/gpu_turn.hpp"
#include "http/api/llm/model_turn.hpp"
#include "http/proxy/targets.hpp"
#include "routing/journey/journey.hpp"
#include "routing/records/deployment_record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// A request for a name of the catalog, as far as its head says. Views into the exchange's head.
struct deployment_wish {
  const routing::model_name* name = nullptr;
  routing::wish routing;
  std::vector<std::string_view> tags; ///< `routing.tags` refers to them
  std::vector<std::string> own_tags;  ///< those of the body, which `tags` refers to
  std::int64_t tokens = 1;            ///< estimate, for limits
  bool replayable = true;             ///< asking twice does nothing twice
  bool streams = false; ///< the client reads events: it may get comments while it waits
};

/// For picks of this thread.
routing::random_source& random_of_requests();

/// Fills in what the head of a request says: tags, pin, session, deadline.
void read_wish(server::exchange& exchange, deployment_wish& into);

/// Decides about every failure, by routing's rules; see routing/journey. On the exchange's thread.
class deployment_targets final : public proxy::targets {
public:
  /// @param wish, dress outlive this.
  deployment_targets(server::exchange& exchange, const deployment_wish& wish,
                     deployment_dress& dress);
  ~deployment_targets() override;

  /// The first deployment, if nothing has to be waited for. @returns false: `begin`
  bool begin_at_once();
  /// The same with a wait: for a model to be loaded, for a card, for what has to be done before.
  /// @returns false: the client has its answer, or has left
  net::task<bool> begin();

  const client::site_ptr& site() const noexcept override { return site_; }
  const std::string* body() override { return nullptr; }
  net::task<proxy::onward> after(proxy::miss what) override;
  bool decide() const noexcept override { return true; }
  void prepare(proxy::forward_options& options) override;
  bool is_proxys(const proxy::collected_answer& what) const override;
  void begun(bool cell_probe) override;
  void answered(const proxy::answer_end& how) override;
  /// Who was asked goes into the head of an answer that is none of a backend's, unless it is there
  /// already. For whoever answers such a request beside this.
  void sign();

private:
  routing::move after_denial(const proxy::miss& what);
  routing::move after_attempt(const proxy::miss& what);
  enum class arrival : std::uint8_t {
    there,      ///< it can be asked
    nobody,     ///< there is no other one
    no_room,    ///< this one has no room now
    unfit,      ///< this one cannot be asked for this
    waits,      ///< for its model or its card
    unprepared, ///< the dress has something to do before
  };
  arrival settle(routing::move next);
  arrival arrive(const routing::move& next, std::int64_t now, std::int64_t& full_until);
  arrival ready();
  arrival dress_up();
  net::task<proxy::onward> come_there();
  net::task<bool> heal(const proxy::miss& what);
  bool corrects(const proxy::miss& what);
  net::task<bool> wait_for_card();
  net::task<bool> wait_for_model();
  net::task<bool> prepare_there();
  bool may_wait_out() const;
  net::task<bool> wait_out();
  net::task<void> go_on(routing::move next);
  void stay_or_go(arrival how);
  attempt_place place();
  routing::move without_turn();
  routing::move out_of_time();
  routing::move denied(bool full, std::int64_t again);
  net::task<proxy::onward> tell_end();
  refusal why_unfit() const;
  void leave(bool sent);
  void judge(const routing::verdict& how, bool timed_out, bool unheard);
  void tell_cell(actors::cell_report report);
  void note(std::string_view words);
  void write_fields(std::string& into, unsigned attempts) const;
  std::string why_shut(const routing::farewell& why) const;
  net::task<proxy::onward> tell_last(const routing::farewell& why);
  net::task<void> tell_read();
  unsigned seconds_until(std::int64_t at) const;

  server::exchange& ex_;
  const deployment_wish& wish_;
  deployment_dress& dress_;
  routing::journey journey_;
  attempt_trace trace_;
  client::site_ptr site_;
  const routing::deployment* at_ = nullptr;
  routing::deployment_record* record_ = nullptr; ///< entered; null: nowhere
  routing::deployment_record* counted_ =
      nullptr; ///< whose request it is, in the dashboard's shares
  std::int64_t entered_ = 0;
  arrival state_ = arrival::nobody;
  bool begun_ = false; ///< an attempt is under way there
  bool without_extras_ = false;
  std::optional<model_turn> turn_; ///< of a model that the gateway loads
  std::optional<gpu_turn> card_;   ///< of a backend that shares a graphics card
  unsigned heals_ = 0;             ///< times its model was not there
  bool waited_out_ = false;        ///< it has waited while nobody could be asked
  net::time_ns next_comment_ = 0; ///< for a client that reads events meanwhile; 0: none was due yet
  bool cell_probe_ = false;
  bool first_ = true;
  std::string model_;
  std::string answer_fields_;
  std::string served_json_; ///< names of the model, as answers have them
  std::string asked_json_;
  proxy::forward_options dressed_; ///< what the dress has set for `at_`
  /// Why backends cannot be asked for it, by their deployments.
  std::vector<std::pair<const routing::deployment*, refusal>> unfit_;
  // Of the last attempt.
  const proxy::collected_answer* last_answer_ = nullptr; ///< null: it had none
  proxy::collected_answer kept_answer_;                  ///< of a preparation
  std::string last_error_;                               ///< for people
  std::optional<error_reading> read_; ///< of an answer in the dialect of its backend
  bool own_words_ = false;            ///< it was asked in the gateway's words
  std::string told_fields_;           ///< of an answer that tells of it
  bool signed_ = false;               ///< see `sign`
  std::string at_id_;                 ///< id of the deployment of that
};

} // namespace synapse::api

#include "actors/kubernetes/api_client.hpp"

#include "actors/kubernetes/refusal.hpp"
#include "actors/kubernetes/text.hpp"
#include "actors/protocol/error.hpp"

#include <caf/send.hpp>

#include <utility>

namespace synapse::actors {

namespace {

using kind = cluster_reply::kind;
using std::chrono::milliseconds;

/// One request; the API answers within milliseconds, or something is wrong.
constexpr milliseconds call_limit{10'000};
/// The link and the resolver keep to limits of their own: only one that died is waited for in vain.
constexpr milliseconds link_grace{5'000};
/// etcd takes objects of up to 1.5 MiB.
constexpr std::uint32_t largest_answer = 4 * 1024 * 1024;

} // namespace

/// One question on its way.
struct cluster_client::errand {
  cluster_question what;
  callback done;
  config::backend_url api;
  std::string token;
  http_link_actor link;
  bool again = false; ///< with another token

  kubernetes::attempted_call call(const std::string& directory) const {
    return {what.method == "GET" ? "get" : "patch", what.name_space, what.name, directory};
  }

  http_call request() const {
    http_call made;
    made.method = what.method;
    made.target = kubernetes::deployment_path(api, what.name_space, what.name);
    made.authority = api.authority();
    made.fields = "Authorization: Bearer " + token + "\r\nUser-Agent: synapse\r\n";
    if (!what.patch.empty()) {
      // Who has changed it stands in the object's managedFields then.
      made.target += "?fieldManager=synapse";
      made.content_type = "application/strategic-merge-patch+json";
      made.body = what.patch;
    }
    made.timeout_ms = static_cast<std::uint32_t>(call_limit.count());
    made.max_body = largest_answer;
    return made;
  }
};

void cluster_client::fail(const errand& what, kind how, std::string problem) {
  cluster_reply reply;
  reply.how = how;
  reply.problem = kubernetes::without(std::move(problem), what.token);
  what.done(std::move(reply));
}

void cluster_client::ask(cluster_question what, callback done) {
  auto made = std::make_shared<errand>();
  made->what = std::move(what);
  made->done = std::move(done);
  std::string problem;
  bool outside = false;
  const auto api = kubernetes::find_api(parts_.api_url, parts_.variables, problem, outside);
  if (!api)
    return fail(*made, outside ? kind::not_in_cluster : kind::unusable, std::move(problem));
  made->api = *api;
  send(made);
}

void cluster_client::close() {
  // Not by dropping it: it has to end on its own thread.
  if (link_)
    caf::anon_send_exit(link_, caf::exit_reason::user_shutdown);
  link_ = nullptr;
}

/// Reads the token and sees to the link. @returns false when the question has been answered.
bool cluster_client::prepare(errand& what) {
  auto token = kubernetes::read_token(parts_.service_account_dir);
  if (!token) {
    fail(what, kind::unusable, std::move(token.error));
    return false;
  }
  what.token = *token;
  if (!renew_link(what))
    return false;
  what.link = link_;
  return true;
}

bool cluster_client::renew_link(errand& what) {
  const auto file = kubernetes::authority_file(parts_.service_account_dir);
  // Looked at before it is read: a change in between is then seen by the next request.
  const auto identity = config::identify(file);
  if (link_ && identity == link_authority_ && link_name_ == what.api.host)
    return true;
  close();
  std::string problem;
  auto tls = parts_.make_tls(file, problem);
  if (!tls || !problem.empty()) {
    fail(what, kind::unusable, "cannot trust anybody as the Kubernetes API: " + problem);
    return false;
  }
  link_ = parts_.make_link(std::move(tls), what.api.host);
  link_name_ = what.api.host;
  link_authority_ = identity;
  return true;
}

void cluster_client::send(const errand_ptr& what) {
  if (!prepare(*what))
    return;
  self_
      ->request(parts_.resolver, call_limit + link_grace,
                resolve_request{what->api.host, what->api.port})
      .then(
          [this, what](resolution& where) {
            if (where.addresses.empty())
              return unreachable(*what, "the host name does not resolve: " + where.error);
            send_to(what, where.addresses[next_address_ % where.addresses.size()]);
          },
          [this, what](const caf::error& error) { unreachable(*what, render(error)); });
}

void cluster_client::send_to(const errand_ptr& what, const backend_address& address) {
  auto call = what->request();
  call.address = address;
  self_->request(what->link, call_limit + link_grace, std::move(call))
      .then([this, what](http_reply& reply) { on_reply(what, std::move(reply)); },
            [this, what](const caf::error& error) {
              // It has died, or its thread is stuck: the next request gets another one.
              if (link_ == what->link)
                close();
              http_reply none;
              none.fault = http_fault::canceled;
              none.message = render(error);
              on_reply(what, std::move(none));
            });
}

void cluster_client::unreachable(const errand& what, const std::string& why) {
  fail(what, kind::unreachable,
       kubernetes::describe_silence(what.call(parts_.service_account_dir), what.api.authority(),
                                    why));
}

void cluster_client::on_reply(const errand_ptr& what, http_reply reply) {
  if (reply.fault == http_fault::connect_failure) {
    ++next_address_;
    return unreachable(*what, reply.message);
  }
  if (!reply.ok())
    return fail(*what, kind::lost,
                kubernetes::describe_silence(what->call(parts_.service_account_dir),
                                             what->api.authority(), reply.message));
  if (reply.status == 401 && !what->again) {
    // The token may have been replaced since it was read.
    what->again = true;
    return send(what);
  }
  cluster_reply answer;
  answer.status = reply.status;
  answer.body = kubernetes::without(std::move(reply.body), what->token);
  what->done(std::move(answer));
}

} // namespace synapse::actors

#include "app/boot/control_plane.hpp"

#include "actors/backends/resolver.hpp"
#include "actors/models/profiles/model_profiles.hpp"
#include "actors/protocol/error.hpp"
#include "actors/voices/voice_library.hpp"
#include "app/boot/backend_events.hpp"
#include "app/cluster_setup.hpp"
#include "app/tls_contexts.hpp"
#include "http/client/http_link.hpp"
#include "http/sites/thread_routes.hpp"

#include <caf/scoped_actor.hpp>

namespace synapse::app {

namespace {
constexpr auto apply_patience = std::chrono::seconds{10};
} // namespace

control_plane::control_plane(const config::settings& first, const config::environment& variables,
                             instruments& tools, observation& observed, engine& machine)
    : first_(first), variables_(variables), tools_(tools), observed_(observed), machine_(machine) {}

void control_plane::start() {
  supervisor_ = actors::spawn_supervisor(machine_.system(), parts());
}

bool control_plane::apply(const actors::settings_ptr& fresh) {
  caf::scoped_actor self{machine_.system()};
  bool ok = false;
  self->request(supervisor_, apply_patience, fresh)
      .receive([&](bool applied) { ok = applied; },
               [&](const caf::error& error) {
                 tools_.say->error("cannot apply the configuration: {}", actors::render(error));
               });
  return ok;
}

void control_plane::stop(std::chrono::milliseconds patience) {
  if (!supervisor_)
    return;
  caf::scoped_actor self{machine_.system()};
  self->monitor(supervisor_);
  caf::anon_send_exit(supervisor_, caf::exit_reason::user_shutdown);
  supervisor_ = nullptr;
  self->receive([](const caf::down_msg&) {},
                caf::after(patience) >>
                    [this] { tools_.say->error("actors did not end in time"); });
}

actors::supervisor_parts control_plane::parts() {
  actors::supervisor_parts result;
  for (const auto& t : machine_.threads())
    result.units.push_back(&t->unit);
  result.make_switchboard = [this](actors::io_unit& unit) { return make_switchboard(unit); };
  result.make_resolver = [this] { return actors::spawn_resolver(machine_.system()); };
  result.make_voice_library = [this] { return make_voice_library(); };
  result.make_model_profiles = [this] { return make_model_profiles(); };
  result.make_runtime_controller = [this](const actors::resolver_actor& resolver) {
    return actors::spawn_runtime_controller(machine_.system(), runtime_parts(resolver));
  };
  result.model_events_of = [this](const std::string& name) {
    return events_of_models(name, tools_);
  };
  result.events_of = [this](const std::string& name) {
    return events_of_backend(name, tools_, observed_);
  };
  result.clustered = wants_cluster(first_);
  result.gpu_events_of = [this](const std::string&) {
    actors::gpu_events events;
    events.told = [this](const actors::gpu_note& note) { observed_.card_told(note); };
    return events;
  };
  result.make_tls = make_client_context;
  result.read_bearer = read_bearer;
  result.report = [this](const std::string& text) { tools_.say->error("{}", text); };
  return result;
}

actors::switchboard_actor control_plane::make_switchboard(actors::io_unit& unit) {
  auto& work = machine_.threads()[unit.thread().index()]->work;
  return actors::spawn_pinned<client::switchboard>(
      unit, std::function<void(actors::snapshot_ptr)>{[this, &work](actors::snapshot_ptr snapshot) {
        work.routes = client::make_thread_routes(
            work.io, std::move(snapshot), work.routes,
            [this](const std::string& name) { return &tools_.metrics.backend(name); });
      }});
}

actors::voice_library_actor control_plane::make_voice_library() {
  actors::voice_library_parts library;
  library.directory = first_.process.voice_library_dir;
  library.report = [this](const std::string& text) { tools_.say->error("voice library {}", text); };
  return actors::spawn_voice_library(machine_.system(), std::move(library));
}

actors::model_profiles_actor control_plane::make_model_profiles() {
  actors::model_profiles_parts profiles;
  profiles.file = first_.process.model_profiles_path;
  profiles.report = [this](const std::string& text) {
    tools_.say->error("model profiles: {}", text);
  };
  return actors::spawn_model_profiles(machine_.system(), std::move(profiles));
}

actors::runtime_controller_parts
control_plane::runtime_parts(const actors::resolver_actor& resolver) {
  const auto& process = first_.process;
  actors::runtime_controller_parts result;
  result.name_space = process.llama_router_namespace;
  result.deployment = process.llama_router_deployment;
  result.container = process.llama_router_container;
  result.timeout = std::chrono::seconds{process.runtime_reconfigure_timeout_seconds};
  result.note = [this](const std::string& text) {
    tools_.say->info("runtime of the router: {}", text);
  };
  result.report = [this](const std::string& text) {
    tools_.say->error("runtime of the router: {}", text);
  };
  result.cluster = cluster_parts_of(resolver);
  return result;
}

actors::cluster_parts control_plane::cluster_parts_of(const actors::resolver_actor& resolver) {
  actors::cluster_parts result;
  result.api_url = first_.process.kubernetes_api_url;
  result.service_account_dir = first_.process.kubernetes_service_account_dir;
  result.variables = [this](const std::string& name) {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::string{} : found->second;
  };
  result.resolver = resolver;
  result.make_tls = make_authority_context;
  result.make_link = [&unit = machine_.threads().front()->unit](tls_context tls, std::string name) {
    client::pool_options options;
    options.tls = std::move(tls);
    options.server_name = std::move(name);
    return actors::spawn_pinned<actors::http_link>(unit, std::move(options));
  };
  return result;
}

} // namespace synapse::app

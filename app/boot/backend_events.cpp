#include "app/boot/backend_events.hpp"

#include "routing/failure/verdict_words.hpp"

namespace synapse::app {

namespace {

telemetry::breaker_state_value value_of(actors::circuit state) {
  using value = telemetry::breaker_state_value;
  return state == actors::circuit::open        ? value::open
         : state == actors::circuit::half_open ? value::half_open
                                               : value::closed;
}

void note_circuit(const std::string& name, actors::circuit to, telemetry::backend_metrics& counted,
                  spdlog::logger& say) {
  counted.breaker_state.set(static_cast<std::int64_t>(value_of(to)));
  if (to == actors::circuit::open) {
    counted.breaker_opened.increment();
    say.warn("backend {}: circuit open after repeated connection failures", name);
  } else {
    say.info("backend {}: circuit {}", name,
             to == actors::circuit::closed ? "closed again" : "half open");
  }
}

/// What is over is not worth a line: so it is with this replica's own findings.
void note_heard(const std::string& name, const actors::peer_cell& heard, actors::time_ns left,
                spdlog::logger& say) {
  if (heard.note.state != actors::circuit::open)
    return;
  const auto why = routing::words_of(static_cast<routing::trouble>(heard.note.why));
  say.warn("backend {}: deployment {} is out of service for {:.1f} s, as replica {} has found: {}",
           name, heard.deployment, static_cast<double>(left) / 1e9, heard.instance, why);
}

void note_loaded(const std::string& name, const std::string& model, actors::time_ns took,
                 telemetry::backend_metrics& counted, spdlog::logger& say) {
  counted.models_ready.add(1);
  if (took == 0) {
    say.info("backend {}: model {} is ready", name, model);
    return;
  }
  counted.model_loads.increment();
  counted.model_load.observe_ns(took);
  say.info("backend {}: model {} is ready after {:.1f} s", name, model,
           static_cast<double>(took) / 1e9);
}

} // namespace

actors::backend_events events_of_backend(const std::string& name, instruments& tools,
                                         observation& observed) {
  auto& counted = tools.metrics.backend(name);
  auto& say = *tools.say;
  actors::backend_events events;
  events.circuit_changed = [&observed, &counted, &say, name](actors::circuit, actors::circuit to) {
    observed.circuit_changed(name, to);
    note_circuit(name, to, counted, say);
  };
  events.cell_changed = [&observed](const actors::cell_note& note) { observed.cell_changed(note); };
  events.cell_heard = [&say, name](const actors::peer_cell& heard, actors::time_ns left) {
    note_heard(name, heard, left, say);
  };
  return events;
}

actors::model_events events_of_models(const std::string& name, instruments& tools) {
  auto& counted = tools.metrics.backend(name);
  auto& say = *tools.say;
  actors::model_events events;
  events.loaded = [&counted, &say, name](const std::string& model, actors::time_ns took) {
    note_loaded(name, model, took, counted, say);
  };
  events.load_failed = [&counted, &say, name](const std::string& model, const std::string& why) {
    counted.model_load_failures.increment();
    say.warn("backend {}: model {} could not be loaded: {}", name, model, why);
  };
  events.unloaded = [&counted, &say, name](const std::string& model) {
    counted.models_ready.add(-1);
    say.info("backend {}: model {} is not loaded any more", name, model);
  };
  events.refused = [&say, name](const std::string& what, const std::string& why) {
    say.warn("backend {}: the router refuses {}: {}", name, what, why);
  };
  events.waiting = [&counted](std::size_t waiting) {
    counted.models_waiting.set(static_cast<std::int64_t>(waiting));
  };
  events.reachable = [&say, name](const std::string& why) {
    if (why.empty())
      say.info("backend {}: the router answers again", name);
    else
      say.warn("backend {}: the router's models are not known: {}", name, why);
  };
  return events;
}

} // namespace synapse::app

# Who starts the others, and gives them the configuration.
synapse_add_component(actors_supervision
  PATH actors/supervision
  SOURCES backend_crews.cpp child_list.cpp config_publisher.cpp gpu_crews.cpp supervisor.cpp
  DEPENDS routing actors_backends actors_discovery providers actors_models actors_gpus http_sites http_client actors_runtime actors_protocol)

synapse_add_test(actors_supervision
  SOURCES actors/supervision/back_off_test.cpp actors/supervision/config_publisher_test.cpp
          actors/supervision/supervisor_test.cpp
  DEPENDS actors_supervision)

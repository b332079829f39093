"""flopt: which federated-learning settings reach the accuracy you need for the least CO2e?"""

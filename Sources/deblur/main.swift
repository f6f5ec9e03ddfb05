print("deblur")
